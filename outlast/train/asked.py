"""What is to be trained, of the options as they were typed: the problem, its tables, and the job's own arguments."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.place import Place
from jobs.spec import TrainingSpec
from outlast.train.tables import Table, find_tables
from service.bundle.folder import Release
from service.errors import InvalidInput, Mistake
from service.evaluation.asked import Wanted
from service.evaluation.steps import home_of
from service.training.candidate import load_previous
from service.training.fetched import SOURCES, find_table
from service.training.problem import PROBLEMS, ProblemFile, choose_problem, load_problem

_AFTER_SEARCH = 30  # minutes for the evaluation that follows, with room for a slow start
_MINUTES = 60
_OF_THE_TABLE = ("target", "drop", "keep", "parse", "group", "time")
_NOT_ELSEWHERE = {
    "csv_file": "--csv is read on this machine; --data names files, addresses and patterns for a cloud",
    "artifacts": "a job's results go below service/artifacts",
    "dask": "a job fits on its own machine",
}


@dataclass(frozen=True)
class Asked:
    """A problem file, what it says, the tables to learn from, and the model that a candidate is held to."""

    path: Path
    problem: ProblemFile
    tables: tuple[Table, ...]
    released: Release | None
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Size:
    """What a job may take; `minutes` are the longest that it may run."""

    cpu: int
    memory_gib: float
    minutes: float
    spot: bool


def choose_size(cpu: int, memory_gib: float, budget: float | None, limit: float | None, *, spot: bool) -> Size:
    """The size of a job: without a limit it ends some time after the search's budget. Raises InvalidInput."""
    shortest = (budget or 0) + 1
    minutes = limit or (budget + _AFTER_SEARCH if budget else _MINUTES)
    if minutes < shortest:
        what = f"the job would be ended after {minutes:g} minutes, and the search alone may take {budget:g}"
        raise InvalidInput(what, hint="a longer --time-limit, or a shorter --budget")
    return Size(cpu, memory_gib, minutes, spot)


def read_asked(named: str | None, data: Sequence[str], options: dict[str, object]) -> Asked:
    """Read the problem file, measure the tables. Raises InvalidInput for what a job elsewhere cannot follow."""
    _refuse_options(options)
    path = _find_problem(named)
    problem = load_problem(path.stem, folder=path.parent)
    tables = find_tables(data) if data else _find_own_tables(problem, path)
    _refuse_without_target(problem, tables, options)
    released = load_previous(home_of(problem) / problem.name)
    return Asked(path, problem, tables, released, tuple(_list_arguments(options)))


def build_spec(asked: Asked, size: Size, place: Place, tables: Sequence[Table]) -> TrainingSpec:
    """The job on one cloud that trains on these tables; its addresses of data come when they are uploaded."""
    return TrainingSpec(
        image=place.training_image,
        data=(),
        output=place.output_address,
        checkpoints=f"{place.checkpoints_address.rstrip('/')}/{_digest_tables(asked.problem, tables)}",
        arguments=asked.arguments,
        cpu=size.cpu,
        memory_gib=size.memory_gib,
        max_seconds=round(size.minutes * 60),
        identity=place.identity,
        spot=size.spot,
        labels={"outlast-problem": _to_label(asked.problem.name)},
    )


def _digest_tables(problem: ProblemFile, tables: Sequence[Table]) -> str:
    """Whose fits are kept together: those of the same bytes, whatever problem file asks for them."""
    said = [table.sha256 for table in tables] or [problem.data]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:32]


def read_wanted(options: Mapping[str, Any]) -> Wanted:
    """What the options say of the table."""
    return Wanted(**{name: options[name] for name in _OF_THE_TABLE if options.get(name)})


def _to_label(name: str) -> str:
    """A problem is called as its file is, and a label of Google Cloud holds less than that."""
    return re.sub(r"[^a-z0-9_-]", "-", name.lower())[:63]


def _find_problem(named: str | None) -> Path:
    name = named or choose_problem()
    return Path(name) if name.endswith(".toml") else PROBLEMS / f"{name}.toml"


def _find_own_tables(problem: ProblemFile, path: Path) -> tuple[Table, ...]:
    """The table that the problem file names; none for one that every image brings along."""
    if problem.data in SOURCES and problem.table is None:
        return find_tables([str(find_table(problem.data))])
    if problem.table is None:
        return ()
    place = problem.table.locate(path.parent)
    (table,) = find_tables([str(place)])
    if table.sha256 != problem.table.sha256:
        what = f"{place} is not the table that {path.name} was drawn up for: its SHA-256 is {table.sha256}"
        raise InvalidInput(what, hint=f"to train on this one: --data {place}; or write its SHA-256 into [table]")
    return (table,)


def _refuse_options(options: dict[str, object]) -> None:
    mistakes = [Mistake(_written(name), why) for name, why in _NOT_ELSEWHERE.items() if options.get(name)]
    if mistakes:
        raise InvalidInput("these options do not go with --on", mistakes)


def _refuse_without_target(problem: ProblemFile, tables: Sequence[Table], options: dict[str, object]) -> None:
    knows = problem.table is not None or problem.data in SOURCES or options.get("target")
    if tables and not knows:
        what = f"{problem.name}.toml does not say which column of {tables[0]} is to be predicted"
        raise InvalidInput(what, hint="--target COLUMN, or `[table]` with path, target and sha256 in the problem file")
    of_table = [_written(name) for name in _OF_THE_TABLE if options.get(name)]
    if of_table and not tables:
        what = f"{', '.join(of_table)} say something of a table, and {problem.name} brings its own"
        raise InvalidInput(what, hint="name the table: --data FILE")


def _list_arguments(options: dict[str, object]) -> Iterator[str]:
    """Of the options those that the job itself follows."""
    for name in (*_OF_THE_TABLE, "budget", "jobs", "accept"):
        value = options.get(name)
        for each in value if isinstance(value, tuple) else (value,):
            if each is not None:
                yield from (_written(name), f"{each:g}" if isinstance(each, float) else str(each))


def _written(name: str) -> str:
    return "--csv" if name == "csv_file" else f"--{name}"
