"""What an imported model is called and what it is for: the problem file that is named, or a draft for its table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from service.bundle.folder import RELEASED, list_released
from service.bundle.writing import write_whole
from service.errors import InvalidInput
from service.evaluation.asked import NAME, name_of, render_draft
from service.evaluation.workbench import ARTIFACTS
from service.training.datasets import Dataset
from service.training.problem import PROBLEMS, ProblemFile, load_problem, parse_problem
from service.training.source import TableSource

_FORM = "a name has at most 63 of a-z, 0-9, - and _, and neither begins nor ends with one of the last two"


@dataclass(frozen=True)
class Named:
    """The problem of an import, the folder of its artifacts, and the problem's file where that is a draft."""

    problem: ProblemFile
    folder: Path
    draft: Path | None = None


def choose_name(
    asked: str | None,
    model: Path,
    problem: str | None,
    dataset: Dataset,
    table: Path,
    *,
    artifacts: Path | None = None,
    problems: Path = PROBLEMS,
    released: Path = RELEASED,
) -> Named:
    """The problem that is asked for, else a draft of one for the table; its name is the model's.

    Raises InvalidInput for a name that is taken, or that no URL can have.
    """
    if problem is not None:
        found = _load(problem, problems)
        if asked not in (None, found.name):
            what = f"--name {asked} and the problem {found.name} are two names for one model"
            raise InvalidInput(what, hint="leave --name out: the model is called as its problem")
        return Named(found, artifacts or ARTIFACTS / found.name, Path(problem) if found.draft else None)
    name = check_name(asked) if asked is not None else name_of(model)
    if (problems / f"{name}.toml").exists() or name in list_released(released):
        what = f"the name {name} is taken by a model that is released; it stays as it is"
        raise InvalidInput(what, hint=f"--name says another; --problem {name} imports a new version of that one")
    folder = artifacts or ARTIFACTS / name
    return _keep_draft(folder / f"{name}.toml", name, dataset, table)


def check_name(name: str) -> str:
    """A name that a URL can have. Raises InvalidInput for another."""
    if not NAME.fullmatch(name):
        raise InvalidInput(f"--name {name!r} cannot stand in a URL", hint=_FORM)
    return name


def _keep_draft(path: Path, name: str, dataset: Dataset, table: Path) -> Named:
    """The draft that is there already where it is for this table: somebody may have begun to edit it."""
    kept = parse_problem(path.read_text(encoding="utf-8"), name=name) if path.exists() else None
    if kept is not None and kept.table is not None and kept.table.is_of(table, dataset.target, path.parent):
        return Named(kept, path.parent, path if kept.draft else None)
    if kept is not None and not kept.draft:
        what = f"{path} is somebody's problem file, and not for {dataset.target} of {table}"
        raise InvalidInput(what, hint="--name says another name; or move that file away")
    write_whole(path, render_draft(dataset, TableSource(str(table.resolve()), dataset.target, dataset.sha256)))
    return Named(parse_problem(path.read_text(encoding="utf-8"), name=name), path.parent, path)


def _load(problem: str, problems: Path) -> ProblemFile:
    path = Path(problem)
    if path.suffix != ".toml":
        return load_problem(problem, folder=problems)
    check_name(path.stem)
    return load_problem(path.stem, folder=path.parent)
