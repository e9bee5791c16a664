"""What a finished job wrote, fetched and held to its own list: training.json is written last, and pins every file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from service.bundle.reading import Reader, is_list, is_number, is_sha256, is_table, is_text, is_whole, parse_json
from service.bundle.writing import write_whole
from service.errors import InvalidInput, Mistake, ModelMismatch
from service.evaluation.job import TRAINING_FILE, TRAINING_SCHEMA
from service.stores.store import Store, read_whole
from service.training.job_inputs import JobInputs, parse_inputs

_ANEW = "the next attempt finds the finished fits"
_GONE = f"start the training again: {_ANEW}"
_CHANGED = (
    f"attach to the job once more; if it stays so, delete {TRAINING_FILE} there and start the training again: {_ANEW}"
)


@dataclass(frozen=True)
class Listed:
    """One file that a job wrote."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Trained:
    """What training.json says."""

    problem: str
    winner: str
    digest: str
    passed: bool
    started: str
    finished: str
    seconds: float
    fits: Mapping[str, int]
    machine: str
    inputs: JobInputs
    files: tuple[Listed, ...]


def fetch(store: Store, folder: Path) -> Trained:
    """Fetch everything that a job wrote. Raises ModelMismatch where that is not whole, or not what training.json pins.

    Nothing of a result that is not whole stays in `folder`.
    """
    raw = _read(store, TRAINING_FILE)
    if raw is None:
        where = store.name(TRAINING_FILE)
        what = f"{where} is not there: the job did not finish writing its results, or somebody deleted them"
        raise ModelMismatch(what, hint=_GONE)
    trained = parse_training(raw, store.name(TRAINING_FILE))
    contents = {file.name: _read(store, file.name) for file in trained.files}
    mistakes = [m for file in trained.files if (m := _find_mismatch(file, contents[file.name]))]
    if mistakes:
        raise ModelMismatch(f"the results in {store.name('')} are not whole", mistakes, hint=_CHANGED)
    for name, content in contents.items():
        write_whole(folder / name, content or b"")
    write_whole(folder / TRAINING_FILE, raw)
    return trained


def find_gone(store: Store) -> tuple[str, ...]:
    """The files of a finished job that are not there any more. Raises what `parse_training` does."""
    raw = _read(store, TRAINING_FILE)
    if raw is None:
        return (TRAINING_FILE,)
    there = {entry.key for entry in store.list()}
    listed = parse_training(raw, store.name(TRAINING_FILE)).files
    return tuple(file.name for file in listed if file.name not in there)


def parse_training(raw: bytes, place: str) -> Trained:
    """Check the bytes of training.json. Raises ModelMismatch with every mistake."""
    try:
        reader = Reader(parse_json(raw, place, hint=_CHANGED))
    except InvalidInput as error:
        raise ModelMismatch(f"{place} was cut: {error.what}", hint=_CHANGED) from error
    take = reader.take
    take("schema", lambda value: value == TRAINING_SCHEMA, f"must be {TRAINING_SCHEMA}")
    text = "must be a text"
    trained = Trained(
        problem=take("problem", is_text, text),
        winner=take("winner", is_text, text),
        digest=take("digest", is_text, text),
        passed=take("passed", lambda value: isinstance(value, bool), "must be true or false"),
        started=take("started", is_text, text),
        finished=take("finished", is_text, text),
        seconds=take("seconds", is_number, "must be a number"),
        fits={name: take(f"fits.{name}", is_whole, "must be a whole number") for name in ("found", "made")},
        machine=take("machine", is_text, text),
        inputs=_read_inputs(take("inputs", is_table, "must be an object"), place),
        files=tuple(_read_file(each, reader) for each in take("files", is_list, "must be a list with a file") or ()),
    )
    if reader.mistakes:
        raise ModelMismatch(f"{place} does not say what was trained", reader.mistakes, hint=_CHANGED)
    return trained


def _read_inputs(document: Any, place: str) -> JobInputs:
    try:
        return parse_inputs(json.dumps(document).encode(), f"{place} inputs")
    except InvalidInput as error:
        raise ModelMismatch(error.what, error.mistakes, hint=_CHANGED) from error


def _read_file(document: Any, outer: Reader) -> Listed:
    reader = Reader(document, f"files {document.get('name', '')}" if isinstance(document, dict) else "files")
    found = Listed(
        reader.take("name", _is_inside, "must be a path below the results"),
        reader.take("sha256", is_sha256, "must be 64 hex digits"),
        reader.take("bytes", is_whole, "must be a whole number"),
    )
    outer.mistakes += reader.mistakes
    return found


def _is_inside(value: Any) -> bool:
    return is_text(value) and not PurePosixPath(value).is_absolute() and ".." not in PurePosixPath(value).parts


def _find_mismatch(file: Listed, content: bytes | None) -> Mistake | None:
    if content is None:
        return Mistake(file.name, "is not there")
    found = hashlib.sha256(content).hexdigest()
    if found == file.sha256:
        return None
    return Mistake(file.name, f"has {len(content)} bytes of the SHA-256 {found}, not {file.size} of {file.sha256}")


def _read(store: Store, name: str) -> bytes | None:
    return None if store.find(name) is None else read_whole(store, name)
