"""Which problem and which data the options of a command name; a table without a problem file gets a draft of one.

A draft says which table it was drawn up for and that nobody has set its costs and floors: what comes of it stops at
the release. Somebody who sets them deletes the line `draft = true`, and names the file: `--problem file.toml`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from service.bundle.folder import RELEASED, list_released
from service.bundle.writing import write_whole
from service.errors import InvalidInput
from service.evaluation.gathered import gather_table
from service.evaluation.workbench import ARTIFACTS
from service.training.datasets import Dataset, load_bundled, load_csv
from service.training.draft import draft_problem, write_columns
from service.training.fetched import SOURCES, load_fetched
from service.training.problem import (
    PROBLEMS,
    ColumnPlan,
    ProblemFile,
    choose_problem,
    load_problem,
    parse_problem,
)
from service.training.source import TableSource, hash_file
from service.training.types import declare_types

NAME = re.compile(r"[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?")
_FORM = "a name has at most 63 of a-z, 0-9, - and _, and neither begins nor ends with one of the last two"


@dataclass(frozen=True)
class Wanted:
    """What the options say, as they were typed; `artifacts` is the folder for what the steps leave.

    `csv_file` is a path, an address in a store, or a pattern of either.
    """

    problem: str | None = None
    csv_file: str | Path | None = None
    target: str | None = None
    artifacts: Path | None = None
    drop: Sequence[str] = ()
    keep: Sequence[str] = ()
    parse: Sequence[str] = ()
    group: str | None = None
    time: str | None = None

    @property
    def columns(self) -> ColumnPlan:
        """What is decided of the table's columns."""
        if self.group and self.time:
            raise InvalidInput("--group and --time part the rows in two ways", hint="name one of the two")
        return ColumnPlan(tuple(self.drop), tuple(self.keep), tuple(self.parse), self.group, self.time)

    def folder(self, name: str) -> Path:
        """The folder of artifacts of a problem."""
        return self.artifacts or ARTIFACTS / name


@dataclass(frozen=True)
class Asked:
    """The data, the problem, and the problem file where it is a draft; `notes` are what was done by itself."""

    dataset: Dataset
    problem: ProblemFile
    draft: Path | None = None
    notes: Sequence[str] = field(default_factory=tuple)


def load_asked(wanted: Wanted, *, problems: Path = PROBLEMS, released: Path = RELEASED) -> Asked:
    """Read the problem file and the table that the options name. Raises InvalidInput with what to write instead."""
    gathered = None if wanted.csv_file is None else gather_table(wanted.csv_file)
    asked = _load(wanted, gathered.path if gathered else None, problems, released)
    notes = (*asked.notes, *((gathered.note,) if gathered and gathered.note else ()))
    return replace(asked, dataset=declare_types(asked.dataset, asked.problem.types), notes=notes)


def _load(wanted: Wanted, csv_file: Path | None, problems: Path, released: Path) -> Asked:
    if csv_file is None:
        return _load_by_problem(wanted, problems)
    if wanted.problem is None:
        return _load_by_table(wanted, csv_file, problems, released)
    problem, _ = _load_problem(wanted.problem, problems)
    target = wanted.target or (problem.table.target if problem.table else None)
    if problem.table and target != problem.table.target:
        what = f"{problem.name} predicts {problem.table.target}, and --target names {target}"
        raise InvalidInput(what, hint="a problem belongs to its target: leave --problem out to draw up a new one")
    columns = problem.columns.join(wanted.columns)
    dataset = _load_csv(csv_file, target, None, columns)
    return Asked(dataset, replace(problem, columns=columns), _file_of_draft(wanted.problem, problem))


def name_of(path: Path) -> str:
    """A table's name, fit for a URL, from its file's. Raises InvalidInput where nothing is left of that."""
    stem = path.with_suffix("").stem if path.suffix.lower() == ".gz" else path.stem
    text = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9_-]+", "-", text).strip("-_")
    if not NAME.fullmatch(name):
        raise InvalidInput(f"{path.name} gives no name for a model", hint=f"rename the file: {_FORM}")
    return name


def _load_by_problem(wanted: Wanted, problems: Path) -> Asked:
    if wanted.columns != ColumnPlan() or wanted.target:
        what = "--target, --drop, --keep, --parse, --group and --time say something of a table, and --csv names none"
        raise InvalidInput(what, hint="add --csv file.csv --target column")
    named = wanted.problem or choose_problem(folder=problems)
    problem, folder = _load_problem(named, problems)
    if problem.table is None:
        load = load_fetched if problem.data in SOURCES else load_bundled
        return Asked(load(problem.data), problem, _file_of_draft(named, problem))
    dataset = _load_csv(problem.table.locate(folder), problem.table.target, problem.data, problem.columns)
    if dataset.sha256 != problem.table.sha256:
        _refuse_changed(problem.table, problem.table.locate(folder), named)
    return Asked(dataset, problem, _file_of_draft(named, problem))


def _load_by_table(wanted: Wanted, csv_file: Path, problems: Path, released: Path) -> Asked:
    """A draft for a table that comes without a problem file; the one that is there already where it is the table's."""
    name = name_of(csv_file)
    path = wanted.folder(name) / f"{name}.toml"
    kept = _load_kept(path, name)
    ours = kept.table if kept and kept.table and kept.table.is_of(csv_file, str(wanted.target), path.parent) else None
    if (problems / f"{name}.toml").exists() or (name in list_released(released) and not ours):
        what = f"the name {name} is taken: {csv_file.name} would be trained as the model {name}, which is released"
        raise InvalidInput(what, hint=f"rename the file; or name the problem, if it is meant: --problem {name}")
    columns = kept.columns if kept and ours and wanted.columns == ColumnPlan() else wanted.columns
    dataset = _load_csv(csv_file, wanted.target, name, columns)
    if kept is not None and ours is not None:
        return _keep(replace(kept, columns=columns), ours, path, dataset, csv_file)
    if kept is not None and not kept.draft:
        what = f"{path} is somebody's problem file, and not for {wanted.target} of {csv_file}"
        raise InvalidInput(what, hint="rename the table, or move that file away")
    source = TableSource(str(csv_file.resolve()), dataset.target, dataset.sha256)
    write_whole(path, render_draft(dataset, source, columns))
    return Asked(dataset, parse_problem(path.read_text(encoding="utf-8"), name=name), path)


def render_draft(dataset: Dataset, source: TableSource, columns: ColumnPlan | None = None) -> str:
    """A problem file to begin with, which says what it was drawn up for and that it is a draft."""
    labels = [str(label) for label in dataset.labels]
    text = draft_problem(dataset.name, dataset.target, labels, columns, texts=bool(dataset.texts))
    head = "draft = true  # delete this line when the costs and floors below are yours: then it can be released"
    return "\n".join([head, text.rstrip("\n"), "", *source.render(), ""])


def _keep(kept: ProblemFile, source: TableSource, path: Path, dataset: Dataset, csv_file: Path) -> Asked:
    """The problem file that was drawn up before: somebody may have begun to edit it."""
    if kept.draft:
        write_whole(path, write_columns(path.read_text(encoding="utf-8"), kept.columns))
    if source.sha256 == dataset.sha256:
        return Asked(dataset, kept, path if kept.draft else None)
    if not kept.draft:
        _refuse_changed(source, csv_file, str(path))
    text = path.read_text(encoding="utf-8").replace(source.sha256, dataset.sha256)
    write_whole(path, text)
    note = f"{csv_file} has changed since its draft was drawn up; {path} goes on for what it holds now"
    return Asked(dataset, parse_problem(text, name=kept.name), path, (note,))


def _load_kept(path: Path, name: str) -> ProblemFile | None:
    return parse_problem(path.read_text(encoding="utf-8"), name=name) if path.exists() else None


def _load_csv(csv_file: Path, target: str | None, name: str | None, columns: ColumnPlan) -> Dataset:
    if target is None:
        raise InvalidInput("--csv needs --target", hint="--target names the column of the file that is to be predicted")
    return load_csv(csv_file, target, name=name, **asdict(columns))


def _load_problem(named: str, problems: Path) -> tuple[ProblemFile, Path]:
    """A problem by its name, or by its file; and the folder that its table's path starts from."""
    path = Path(named)
    if path.suffix != ".toml":
        return load_problem(named, folder=problems), problems
    if not NAME.fullmatch(path.stem):
        raise InvalidInput(f"{path.name} gives no name for a model", hint=f"rename the file: {_FORM}")
    return load_problem(path.stem, folder=path.parent), path.parent


def _file_of_draft(named: str, problem: ProblemFile) -> Path | None:
    return Path(named) if problem.draft else None


def _refuse_changed(source: TableSource, path: Path, named: str) -> None:
    now = hash_file(path)
    raise InvalidInput(
        f"{path} is not the table that {named} was drawn up for: its SHA-256 is {now}, not {source.sha256}",
        hint=f"to go on with this one: --problem {named} --csv {path}; or write its SHA-256 into [table] of {named}",
    )
