"""`outlast up`: the sandbox with what the stack files name; with --csv a model of one's own table, in one command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sandbox.__main__ import COMMANDS as SANDBOX
from service.command_line import Command, say
from service.errors import InvalidInput

_SANDBOX_UP = SANDBOX["up"]
_TABLE = [
    click.Option(["--csv", "csv_file"], type=click.Path(path_type=Path), help="Train on this table and serve that."),
    click.Option(["--target"], help="With --csv: the column to predict."),
    click.Option(
        ["--accept-draft"], is_flag=True, help="With --csv: serve it although nobody has set costs and floors."
    ),
    click.Option(["--drop"], multiple=True, metavar="COLUMN", help="Leave this column of --csv out."),
    click.Option(["--keep"], multiple=True, metavar="COLUMN", help="Learn from this column of --csv as it stands."),
    click.Option(["--parse"], multiple=True, metavar="COLUMN", help="Read amounts or dates of --csv as numbers."),
]


@click.pass_context
def _up(context: click.Context, /, csv_file: Path | None, accept_draft: bool, **asked: Any) -> None:
    """Bring everything up, deploy every stack, and predict once through DNS."""
    table = {name: asked.pop(name) for name in ("target", "drop", "keep", "parse")}
    if csv_file is not None:
        _serve_table(csv_file, accept_draft=accept_draft, **table)
    elif accept_draft or any(table.values()):
        what = "--target, --accept-draft, --drop, --keep and --parse say something of a table, and --csv names none"
        raise InvalidInput(what, hint="add --csv file.csv --target column; of make, CSV=file.csv TARGET=column")
    context.invoke(_SANDBOX_UP, **asked)


def _serve_table(csv_file: Path, **asked: Any) -> None:
    """Train, and let the sandbox's sites serve what came of it. They stay as they are where nothing is released."""
    from outlast.from_table import train_table
    from sandbox import serving
    from sandbox.layout import Layout

    release = train_table(csv_file, report=lambda line: say(f"• {line}"), **asked)
    name = release.manifest.problem
    serving.choose(Layout.of(Path(__file__).resolve().parent.parent), name, release.digest)
    say(f"• the sites are to serve {name}@{release.digest}; `outlast model default` says how to go back")


up = Command("up", callback=_up, params=[*_SANDBOX_UP.params, *_TABLE], help=_SANDBOX_UP.help)

COMMANDS = {"up": up}
