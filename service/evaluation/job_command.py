"""`python -m service model`: the nine steps; with `--data`, as the training job of a container."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
from threadpoolctl import threadpool_limits

from service.command_line import Command
from service.errors import InvalidInput, Mistake
from service.evaluation import commands
from service.evaluation.asked import Wanted
from service.evaluation.cli import print_result, problem_options, release_options
from service.evaluation.job import Places, run_job, summarise_job
from service.evaluation.stopping import stop_on_sigterm
from service.training.candidate import read_now

_OF_THE_TABLE = ("target", "drop", "keep", "parse", "group", "time")
# Of `model` alone: a job's inputs.json says which problem and which tables, and what it makes is released elsewhere.
_NOT_OF_A_JOB = ("problem", "csv_file", "artifacts", "dask", "accept_draft")


@click.command("model", cls=Command)
@problem_options
@release_options
@click.option(
    "--data",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Train as a job: a folder with inputs.json, or with tables that it names; repeatable.",
)
@click.option("--checkpoints", type=click.Path(path_type=Path), help="With --data: where finished fits are kept.")
@click.option("--out", type=click.Path(path_type=Path), help="With --data: where the results go.")
def model(data: tuple[Path, ...], checkpoints: Path | None, out: Path | None, **asked: Any) -> None:
    """All nine steps, from the problem file to the released model; with --data, without the release.

    Finished fits are not redone. A job's folder of results is whole when training.json is in it.
    """
    if not data and checkpoints is None and out is None:
        click.get_current_context().invoke(commands.model, **asked)
        return
    if not data or checkpoints is None or out is None:
        raise InvalidInput("a training job needs --data, --checkpoints and --out", hint="name all three, or none")
    _refuse(asked)
    _train(Places(data, checkpoints, out), asked)


def _train(places: Places, asked: dict[str, Any]) -> None:
    wanted = Wanted(**{name: asked[name] for name in _OF_THE_TABLE})
    # One thread for each process, as everywhere: on shared cores threads wait for each other.
    with threadpool_limits(1), stop_on_sigterm(_say):
        document = run_job(
            places,
            wanted,
            now=read_now(),
            jobs=asked["jobs"] or os.cpu_count() or 1,
            budget=asked["budget"],
            accept=asked["accept"],
            say=(lambda line: click.echo(line, err=True)) if asked["as_json"] else _say,
        )
    print_result(document, asked["as_json"], summarise_job(document))


def _say(line: str) -> None:
    """A job's log is its stdout: services tell the two streams apart in ways of their own."""
    click.echo(line)


def _refuse(asked: dict[str, Any]) -> None:
    context = click.get_current_context()
    written = {option.name: option.opts[0] for option in context.command.params}
    wrong = [Mistake(str(written[name]), "says nothing to a training job") for name in _NOT_OF_A_JOB if asked[name]]
    if wrong:
        hint = "inputs.json names the problem and the tables; what a job trained is released where it was started"
        raise InvalidInput("these options do not go with --data", wrong, hint=hint)


COMMANDS: dict[str, click.Command] = {"model": model}
