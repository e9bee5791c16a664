"""What the commands of the nine steps share: their options, and the workbench that these ask for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from threadpoolctl import threadpool_limits

from service.command_line import json_option, print_json, say
from service.errors import InvalidInput
from service.evaluation.progress import show_progress
from service.evaluation.workbench import ARTIFACTS, DECIDE, Workbench
from service.training.datasets import Dataset, load_bundled, load_csv
from service.training.problem import PROBLEMS, ProblemFile, choose_problem, draft_problem, load_problem, parse_problem

F = TypeVar("F", bound=Callable[..., Any])


def problem_options(command: F) -> F:
    """The options that name a problem and its data."""
    for option in (
        json_option,
        click.option("--jobs", type=click.IntRange(1), default=None, help="Fits at a time; default: one per core."),
        click.option("--artifacts", type=click.Path(path_type=Path), default=None, help="Folder for what steps leave."),
        click.option("--parse", multiple=True, metavar="COLUMN", help="Read amounts or dates of --csv as numbers."),
        click.option("--keep", multiple=True, metavar="COLUMN", help="Learn from this column of --csv as it stands."),
        click.option("--drop", multiple=True, metavar="COLUMN", help="Leave this column of --csv out."),
        click.option("--target", default=None, help="With --csv: the column to predict."),
        click.option("--csv", "csv_file", type=click.Path(path_type=Path), default=None, help="A table of your own."),
        click.option(
            "--problem",
            default=None,
            help="A name under service/problems, or a .toml file; the only one where none is named.",
        ),
    ):
        command = option(command)
    return command


@contextmanager
def open_bench(
    problem: str | None,
    csv_file: Path | None,
    target: str | None,
    artifacts: Path | None,
    jobs: int | None,
    drop: tuple[str, ...] = (),
    keep: tuple[str, ...] = (),
    parse: tuple[str, ...] = (),
) -> Iterator[Workbench]:
    """The workbench that the options ask for, with a progress bar on stderr while it is open."""
    dataset, asked, draft = load_asked(problem, csv_file, target, drop, keep, parse)
    _say_columns(dataset)
    folder = artifacts or ARTIFACTS / asked.name
    if draft:
        path = _keep_draft(draft, folder / f"{asked.name}.toml")
        say(f"note: {path} is a draft: equal costs, and a floor just above guessing")
        say("hint: set them, then name the file: --problem file.toml")
    # One thread for each process: the matrices are small, and on shared cores threads wait for each other.
    with threadpool_limits(1), show_progress() as announce:
        yield Workbench(asked, dataset, folder, jobs or os.cpu_count() or 1, announce)


def load_asked(
    problem: str | None,
    csv_file: Path | None,
    target: str | None,
    drop: tuple[str, ...] = (),
    keep: tuple[str, ...] = (),
    parse: tuple[str, ...] = (),
) -> tuple[Dataset, ProblemFile, str]:
    """The data and the problem that the options name; and the problem file's draft where a CSV comes without one."""
    if csv_file is None:
        if drop or keep or parse:
            raise InvalidInput(
                "--drop, --keep and --parse name columns of --csv", hint="add --csv file.csv --target column"
            )
        asked = _load_problem(problem or choose_problem())
        return load_bundled(asked.data), asked, ""
    if target is None:
        raise InvalidInput("--csv needs --target", hint="--target names the column of the file that is to be predicted")
    name = _safe_name(csv_file.stem) if problem is None else None
    dataset = load_csv(csv_file, target, name=name, drop=drop, keep=keep, parse=parse)
    if problem is not None:
        return dataset, _load_problem(problem), ""
    text = draft_problem(dataset.name, dataset.target, [str(label) for label in dataset.labels])
    return dataset, parse_problem(text, name=dataset.name), text


def _say_columns(dataset: Dataset) -> None:
    """Name the columns that are not learnt from, and those that nothing is learnt from before somebody decides."""
    for column, why in dataset.left_out.items():
        say(f"note: column {column} is left out: it {why}")
    if dataset.left_out:
        say("hint: --keep COLUMN learns from one all the same")
    for column, why in dataset.doubts.items():
        say(f"note: column {column} {why}")
    if dataset.doubts:
        say(f"hint: {DECIDE}")


def print_result(document: Any, as_json: bool, words: str) -> None:
    """Data as JSON, or words, on stdout."""
    print_json(document) if as_json else click.echo(words)


def _keep_draft(text: str, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():  # somebody may have begun to edit it
        path.write_text(text, encoding="utf-8")
    return path


def _load_problem(problem: str) -> ProblemFile:
    path = Path(problem)
    if path.suffix != ".toml":
        return load_problem(problem)
    return (
        load_problem(_safe_name(path.stem), folder=path.parent) if path.parent != PROBLEMS else load_problem(path.stem)
    )


def _safe_name(stem: str) -> str:
    """A file's stem as a name for folders and models."""
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in stem).strip("-").lower() or "table"
