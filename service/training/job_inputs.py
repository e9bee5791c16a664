"""What a training job is given: `inputs.json` names the problem file and the tables, each with its SHA-256.

It lies in one of the folders that a job is started with. The tables may lie in the others: a cloud mounts each address
of data in a place of its own, and nothing in here knows which cloud it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from service.bundle.reading import (
    Reader,
    is_file_name,
    is_sha256,
    is_table,
    is_text,
    is_whole,
    parse_json,
    read_file,
)
from service.errors import InvalidInput, Mistake
from service.training.source import hash_file

INPUTS_FILE = "inputs.json"
RELEASED_FOLDER = "released"
_SCHEMA = 1
_HINT = "`outlast model train --on CLOUD` writes it; docs/reference/training-job.md says what it holds"


@dataclass(frozen=True)
class InputTable:
    """One table: `file` below one of the job's folders of data, and the address that it was read from."""

    file: str
    address: str
    sha256: str
    bytes: int

    @property
    def name(self) -> str:
        """The file's name at its address: its end says how it is packed."""
        return self.address.rpartition("/")[2] or self.file


@dataclass(frozen=True)
class JobInputs:
    """A job's inputs. The problem file's stem is the model's name; `tables` are joined in their order.

    `released` are the files, with their SHA-256, of the model that the candidate is held to; empty where there is none.
    They lie under released/<model>/ beside inputs.json.
    """

    problem_file: str
    problem_sha256: str
    tables: tuple[InputTable, ...] = ()
    released: Mapping[str, str] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "schema": _SCHEMA,
            "problem": {"file": self.problem_file, "sha256": self.problem_sha256},
            "tables": [asdict(table) for table in self.tables],
            "released": dict(self.released),
        }


def render_inputs(inputs: JobInputs) -> bytes:
    """The bytes of inputs.json: the same for the same inputs."""
    return (json.dumps(inputs.to_document(), indent=2, ensure_ascii=False) + "\n").encode()


def parse_inputs(raw: bytes, place: str) -> JobInputs:
    """Check the bytes of inputs.json. Raises InvalidInput with every mistake."""
    reader = Reader(parse_json(raw, place, hint=_HINT))
    reader.take("schema", lambda value: value == _SCHEMA, f"must be {_SCHEMA}")
    inputs = JobInputs(
        problem_file=reader.take("problem.file", _is_problem, "must name a .toml file beside this one"),
        problem_sha256=reader.take("problem.sha256", is_sha256, "must be 64 hex digits"),
        tables=_read_tables(reader),
        released=reader.take("released", _is_files, "must say of each file its SHA-256", {}),
    )
    reader.refuse_unknown("a job's inputs")
    if reader.mistakes:
        raise InvalidInput(f"{place} does not say what to train on", reader.mistakes, hint=_HINT)
    return inputs


def find_inputs(data: Sequence[Path]) -> tuple[Path, JobInputs]:
    """The folder that holds inputs.json, and what it says. Raises InvalidInput where none or several hold one."""
    folders = [folder for folder in data if (folder / INPUTS_FILE).is_file()]
    if len(folders) != 1:
        looked = ", ".join(map(str, data))
        what = f"{len(folders)} of the folders of data hold {INPUTS_FILE}, and one has to: {looked}"
        raise InvalidInput(what, hint=_HINT)
    path = folders[0] / INPUTS_FILE
    return folders[0], parse_inputs(read_file(path), str(path))


def check_inputs(folder: Path, inputs: JobInputs, data: Sequence[Path]) -> list[Path]:
    """Where each table lies, everything being what inputs.json pins. Raises InvalidInput with all that is not."""
    mistakes: list[Mistake] = []
    pinned = {folder / inputs.problem_file: inputs.problem_sha256}
    model = Path(inputs.problem_file).stem
    pinned |= {folder / RELEASED_FOLDER / model / name: sha256 for name, sha256 in inputs.released.items()}
    tables = []
    for table in inputs.tables:
        path = _find_table(table, data)
        if path is None:
            mistakes.append(Mistake(table.address, f"{table.file} is in no folder of data"))
        else:
            tables.append(path)
            pinned[path] = table.sha256
    mistakes += [mistake for path, sha256 in pinned.items() if (mistake := _find_mismatch(path, sha256))]
    if mistakes:
        hint = "something was changed, or was cut while it was copied: start the training again"
        raise InvalidInput("the data is not what the job was started for", mistakes, hint=hint)
    return tables


def _find_table(table: InputTable, data: Sequence[Path]) -> Path | None:
    itself = [place for place in data if place.name == Path(table.file).name]
    return next((path for path in (*(place / table.file for place in data), *itself) if path.is_file()), None)


def _find_mismatch(path: Path, sha256: str) -> Mistake | None:
    if not path.is_file():
        return Mistake(str(path), "is not there")
    found = hash_file(path)
    return None if found == sha256 else Mistake(str(path), f"its SHA-256 is {found}, not {sha256}")


def _read_tables(reader: Reader) -> tuple[InputTable, ...]:
    tables = []
    listed = reader.take("tables", lambda value: isinstance(value, list), "must be a list", [])
    for place, document in enumerate(listed):
        table = Reader(document, f"tables[{place}]")
        tables.append(
            InputTable(
                table.take("file", _is_inside, "must be a path below a folder of data"),
                table.take("address", is_text, "must say where the table was read"),
                table.take("sha256", is_sha256, "must be 64 hex digits"),
                table.take("bytes", is_whole, "must be a whole number"),
            )
        )
        table.refuse_unknown("a table")
        reader.mistakes += table.mistakes
    return tuple(tables)


def _is_problem(value: Any) -> bool:
    return is_file_name(value) and Path(value).suffix == ".toml"


def _is_inside(value: Any) -> bool:
    """A relative path that does not leave its folder."""
    return is_text(value) and not Path(value).is_absolute() and ".." not in Path(value).parts


def _is_files(value: Any) -> bool:
    return is_table(value) and all(is_file_name(name) and is_sha256(sha256) for name, sha256 in value.items())
