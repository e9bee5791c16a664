"""What a job would refuse, refused here: before anything is uploaded and before a machine is paid.

A table on this machine is read as the job would read it. Of tables in a store only the headers are held to what is
asked for: their rows stay in their cloud, and what is wrong in them the job says in its first seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jobs.container import PACKAGES
from outlast.train.asked import Asked, read_wanted
from outlast.train.failures import Failures
from outlast.train.tables import Table
from outlast.train.upload import describe
from service.errors import InvalidInput, Mistake
from service.evaluation.asked import Wanted
from service.evaluation.gathered import find_difference
from service.evaluation.job import find_target, load_job
from service.evaluation.schema import refuse_another_schema
from service.evaluation.workbench import Workbench
from service.stores.folder import FolderStore
from service.tables.csv_file import CsvFile, open_csv
from service.training.algorithms import ALGORITHMS
from service.training.problem import ProblemFile


def check_asked(asked: Asked, options: Mapping[str, Any], tables: Sequence[Table]) -> None:
    """Raise what a job would say of its problem and its tables. `tables` are those of one cloud, in their order."""
    failures = Failures((), lambda line: None)
    with failures.kept("image"):
        _refuse_packages(asked.problem)
    wanted = read_wanted(options)
    with failures.kept("table"):
        if any(table.scheme for table in tables):
            _check_headers(asked, wanted, tables)
        else:
            _check_tables(asked, wanted, tables)
    failures.raise_all(f"a job of {asked.problem.name} would fail")


def _refuse_packages(problem: ProblemFile) -> None:
    """The training image is pinned: what it does not hold, no job can fit."""
    lacking = {name: ALGORITHMS[name].package for name in problem.grids}
    mistakes = [
        Mistake(f"grids.{name}", f"the training image does not hold {package}")
        for name, package in lacking.items()
        if package and package not in PACKAGES
    ]
    if mistakes:
        hint = f"take it out of {problem.name}.toml, or train it here: --on local"
        raise InvalidInput(f"{problem.name} cannot be trained by a job", mistakes, hint=hint)


def _check_tables(asked: Asked, wanted: Wanted, tables: Sequence[Table]) -> None:
    """Read them as the job would, and hold them to the problem file and to the released model."""
    with TemporaryDirectory(prefix="outlast-check-") as scratch:
        work, files = Path(scratch), [Path(str(table.file)) for table in tables]
        inputs = describe(FolderStore(work), asked.path, tables, {}).inputs
        problem, dataset = load_job(asked.path, inputs, files, wanted, work)
        _check_bench(Workbench(problem, dataset, work / "results"), asked)


def _check_bench(bench: Workbench, asked: Asked) -> None:
    """What the steps of a job raise by and by, all together."""
    released = asked.released.manifest if asked.released else None
    checks: Mapping[str, Callable[[], object]] = {
        "released": lambda: refuse_another_schema(bench, released),
        "columns": lambda: bench.bench,
        "costs": lambda: bench.costs,
        "splits": lambda: bench.splits,
    }
    failures = Failures((), lambda line: None)
    for name, check in checks.items():
        with failures.kept(name):
            check()
    failures.raise_all(f"{bench.dataset.name} cannot be learnt from as it is")


def _check_headers(asked: Asked, wanted: Wanted, tables: Sequence[Table]) -> None:
    files = [open_csv(table.file) for table in tables]
    target = wanted.target or find_target(asked.problem)
    columns = asked.problem.columns.join(wanted.columns)
    named = [*columns.drop, *columns.keep, *columns.parse, *filter(None, (target, columns.group, columns.time))]
    listed = ", ".join(files[0].columns[:20])
    mistakes = [
        Mistake(f"column {name}", f"is not there; the columns are {listed}")
        for name in dict.fromkeys(named)
        if name not in files[0].columns
    ]
    mistakes += _find_differences(files)
    if mistakes:
        raise InvalidInput(f"{tables[0]} cannot be learnt from", mistakes, hint="--target names the column to predict")


def _find_differences(files: Sequence[CsvFile]) -> list[Mistake]:
    first, *others = files
    return [Mistake(str(other.path), why) for other in others if (why := find_difference(first, other))]
