"""`outlast up`: the sandbox with what the stack files name, or with a model of one's own table, in one command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sandbox.__main__ import COMMANDS as SANDBOX
from service.command_line import Command, say
from service.errors import InvalidInput

_SANDBOX_UP = SANDBOX["up"]
# Each of the first two asks for training; the others say how.
_TABLE = [
    click.Option(["--csv", "csv_file"], metavar="TABLE", help="Train on this table and serve that."),
    click.Option(["--problem"], metavar="NAME", help="Train this problem, or .toml file, and serve that."),
    click.Option(["--target"], help="With --csv: the column to predict."),
    click.Option(["--accept-draft"], is_flag=True, help="Serve it although nobody has set costs and floors."),
    click.Option(["--drop"], multiple=True, metavar="COLUMN", help="Leave this column of --csv out."),
    click.Option(["--keep"], multiple=True, metavar="COLUMN", help="Learn from this column of --csv as it stands."),
    click.Option(["--parse"], multiple=True, metavar="COLUMN", help="Read amounts or dates of --csv as numbers."),
    click.Option(["--group"], metavar="COLUMN", help="Keep rows of --csv alike in it on one side."),
    click.Option(["--time"], metavar="COLUMN", help="Hold out the latest rows of --csv by it."),
    click.Option(["--budget"], type=click.FloatRange(0, min_open=True), help="Minutes that the search may take."),
]


@click.pass_context
def _up(context: click.Context, /, **asked: Any) -> None:
    """Bring everything up, deploy every stack, and predict once through DNS."""
    table = {str(option.name): asked.pop(str(option.name)) for option in _TABLE}
    given = [option.opts[0] for option in _TABLE if table[str(option.name)]]
    if "--csv" in given or "--problem" in given:
        _serve_trained(**table)
    elif given:
        hint = "add --csv file.csv --target column; of make, CSV=file.csv TARGET=column"
        raise InvalidInput(f"{', '.join(given)} of a table, and --csv names none", hint=hint)
    context.invoke(_SANDBOX_UP, **asked)


def _serve_trained(*, accept_draft: bool, budget: float | None, **table: Any) -> None:
    """Train, and let the sandbox's sites serve what came of it. They stay as they are where nothing is released."""
    from outlast.from_table import train_table
    from sandbox import serving
    from sandbox.layout import Layout
    from service.evaluation.asked import Wanted

    release = train_table(
        Wanted(**table), accept_draft=accept_draft, budget=budget, report=lambda line: say(f"• {line}")
    )
    name = release.manifest.problem
    serving.choose(Layout.of(Path(__file__).resolve().parent.parent), name, release.digest)
    say(f"• the sites are to serve {name}@{release.digest}; `outlast model default --stacks-own` goes back")


up = Command("up", callback=_up, params=[*_SANDBOX_UP.params, *_TABLE], help=_SANDBOX_UP.help)

COMMANDS = {"up": up}
