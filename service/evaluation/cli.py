"""What the commands of the nine steps share: their options, and the workbench that these ask for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from threadpoolctl import threadpool_limits

from service.cluster.client import open_cluster
from service.command_line import json_option, print_json, say
from service.evaluation.asked import Wanted, load_asked
from service.evaluation.progress import show_progress
from service.evaluation.workbench import DECIDE, Workbench
from service.training.datasets import Dataset

F = TypeVar("F", bound=Callable[..., Any])


def problem_options(command: F) -> F:
    """The options that name a problem and its data."""
    for option in (
        json_option,
        click.option("--dask", metavar="ADDRESS", help="Fit on a Dask cluster: tcp://host:8786, or local."),
        click.option("--jobs", type=click.IntRange(1), default=None, help="Fits at a time; default: one per core."),
        click.option("--artifacts", type=click.Path(path_type=Path), default=None, help="Folder for what steps leave."),
        click.option("--budget", type=click.FloatRange(0, min_open=True), help="Minutes that the search may take."),
        click.option("--time", default=None, metavar="COLUMN", help="Hold out the latest rows of --csv by it."),
        click.option("--group", default=None, metavar="COLUMN", help="Keep rows of --csv alike in it on one side."),
        click.option("--parse", multiple=True, metavar="COLUMN", help="Read amounts or dates of --csv as numbers."),
        click.option("--keep", multiple=True, metavar="COLUMN", help="Learn from this column of --csv as it stands."),
        click.option("--drop", multiple=True, metavar="COLUMN", help="Leave this column of --csv out."),
        click.option("--target", default=None, help="With --csv: the column to predict."),
        click.option("--csv", "csv_file", metavar="TABLE", help="A table of your own: path, address or pattern."),
        click.option(
            "--problem",
            default=None,
            help="A name under service/problems, or a .toml file; the only one where none is named.",
        ),
    ):
        command = option(command)
    return command


def release_options(command: F) -> F:
    """The options of what may end in a release."""
    draft = "Release although nobody has set costs and floors: into service/drafts, which is not committed."
    command = click.option("--accept-draft", is_flag=True, help=draft)(command)
    return click.option("--accept", multiple=True, metavar="METRIC", help="Release although this metric regressed.")(
        command
    )


@contextmanager
def open_bench(
    problem: str | None,
    csv_file: str | None,
    target: str | None,
    artifacts: Path | None,
    jobs: int | None,
    drop: tuple[str, ...] = (),
    keep: tuple[str, ...] = (),
    parse: tuple[str, ...] = (),
    group: str | None = None,
    time: str | None = None,
    budget: float | None = None,
    dask: str | None = None,
) -> Iterator[Workbench]:
    """The workbench that the options ask for, with a progress bar on stderr while it is open."""
    wanted = Wanted(problem, csv_file, target, artifacts, drop, keep, parse, group, time)
    asked = load_asked(wanted)
    _say_columns(asked.dataset)
    for note in asked.notes:
        say(f"note: {note}")
    if asked.draft:
        say(f"note: {asked.draft} is a draft: equal costs, and a floor just above guessing")
        say(f"hint: set them, delete its first line, then name the file: --problem {asked.draft}")
    # One thread for each process: the matrices are small, and on shared cores threads wait for each other.
    with threadpool_limits(1), show_progress() as announce, ExitStack() as stack:
        cluster = stack.enter_context(open_cluster(dask)) if dask is not None else None
        folder = wanted.folder(asked.problem.name)
        yield Workbench(asked.problem, asked.dataset, folder, jobs or os.cpu_count() or 1, announce, budget, cluster)


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
