"""`outlast model train`: the nine steps here, or as a job on the cloud where the data is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from jobs.spec import SCHEMES
from service.command_line import Command, say
from service.errors import InvalidInput, Mistake
from service.evaluation import commands
from service.evaluation.cli import problem_options, release_options
from service.evaluation.gathered import TABLES, gather_table, join_files

LOCAL, ALL = "local", "all"
_ELSEWHERE = ("spot", "max_cost", "time_limit", "stop_on_interrupt", "stacks")
_SIZE = ("cpu", "memory")


@click.command("train", cls=Command)
@problem_options
@release_options
@click.option(
    "--on",
    type=click.Choice([LOCAL, *SCHEMES, ALL]),
    default=LOCAL,
    show_default=True,
    help="Where to train; all: on every cloud, and compare what they give.",
)
@click.option(
    "--data",
    multiple=True,
    metavar="ADDRESS",
    help="A table: file, s3://, az://, gs://; several are joined in order.",
)
@click.option("--stacks", metavar="SET", help="Of real accounts: the stack files stacks/Pulumi.SET-training-*.yaml.")
@click.option("--spot", is_flag=True, help="On a machine that may be taken away, which costs less; fits are kept.")
@click.option("--cpu", type=click.IntRange(1), default=2, show_default=True, help="Processors of a job's machine.")
@click.option(
    "--memory", type=click.FloatRange(0, min_open=True), default=8.0, show_default=True, help="Its memory in GiB."
)
@click.option(
    "--time-limit",
    type=click.FloatRange(0, min_open=True),
    metavar="MINUTES",
    help="When a job is ended; default: after 60, or --budget and 30 more.",
)
@click.option("--max-cost", type=click.FloatRange(0), metavar="USD", help="Start nothing that may cost more.")
@click.option("--stop-on-interrupt", is_flag=True, help="Ctrl-C stops the jobs; without it they go on.")
@click.pass_context
def train(context: click.Context, /, on: str, data: tuple[str, ...], cpu: int, memory: float, **asked: Any) -> None:
    """All nine steps, from the problem file to the released model. Finished fits are not redone.

    With --on they run as a job of that cloud's own training service; what comes back is checked and held to the gate
    here. The same command finds a job that was started before, and never pays for it twice.
    """
    if on == LOCAL:
        sized = [name for name in _SIZE if context.get_parameter_source(name) is not ParameterSource.DEFAULT]
        context.invoke(commands.model, **_as_local(data, asked, sized))
        return
    from outlast.train.elsewhere import train_elsewhere

    train_elsewhere(on, data, cpu, memory, asked)


def _as_local(data: tuple[str, ...], asked: dict[str, Any], sized: Sequence[str]) -> dict[str, Any]:
    """The options of the nine steps. Raises InvalidInput for one that says something of a job alone.

    `sized` are the options of a job's machine that were given: they have defaults.
    """
    named = [*(name for name in _ELSEWHERE if asked[name]), *sized]
    wrong = [Mistake(f"--{name.replace('_', '-')}", "says something of a job") for name in named]
    if data and asked["csv_file"]:
        wrong.append(Mistake("--csv", "names a table, and --data does too"))
    if wrong:
        raise InvalidInput("these options do not go with --on local", wrong, hint=f"--on {', '.join(SCHEMES)} or {ALL}")
    options = {name: value for name, value in asked.items() if name not in _ELSEWHERE}
    return options | ({"csv_file": _join(data, asked["problem"])} if data else {})


def _join(data: tuple[str, ...], problem: str | None) -> str:
    """One table of several, in the order in which they are named."""
    if len(data) == 1:
        return data[0]
    if problem is None:
        what = f"{len(data)} tables are joined to one, which has no name"
        raise InvalidInput(what, hint="name the problem that they are of: --problem NAME")
    parts = [gather_table(named).path for named in data]
    path: Path = TABLES / hashlib.sha256("\n".join(data).encode()).hexdigest()[:16] / f"{Path(problem).stem}.csv"
    join_files(" and ".join(data), parts, path)
    say(f"note: {len(data)} tables are joined in {path}")
    return str(path)


COMMANDS = {"train": train}
