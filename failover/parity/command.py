"""`outlast parity`: asks every site the same, and tells in what they differ. Only here clients are built."""

from __future__ import annotations

import os
from dataclasses import asdict

import click

from failover.dial import Dial
from failover.drill.route53 import build_client
from failover.parity.compare import Compared, Parity
from failover.parity.run import compare_sites
from service.bundle.folder import choose_released
from service.command_line import Command, json_option, model_option, print_json, say, working
from service.errors import Deviated, InvalidInput

ROWS = 1000


@click.command(cls=Command)
@click.option("--host", envvar="OUTLAST_HOST", default="", help="The public host. [env: OUTLAST_HOST]")
@model_option
@click.option("--rows", "count", type=click.IntRange(1, 100_000), default=ROWS, show_default=True, help="Drawn rows.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the draw; the same seed draws the same rows.")
@json_option
def parity(host: str, model: str | None, count: int, seed: int, as_json: bool) -> None:
    """Ask every site, at its own address, the released model's golden rows, drawn rows and wrong requests.

    Labels, probabilities, digests, headers, refusals and limits have to be equal everywhere. Each site is held to the
    released model, or to the one that it was deployed with while a release goes from site to site. Predictions are
    real ones: they count in metrics and audit logs. Leaves with 5 on a difference.
    """
    if not host:
        raise InvalidInput("no host: whose sites are meant?", hint="name it with --host or in $OUTLAST_HOST")
    folder, dial = choose_released(model), Dial.from_environment(os.environ)
    say(f"asking every site of {host} the golden rows of {folder.name}, {count} drawn ones and wrong requests")
    key = os.environ.get("OUTLAST_API_KEY", "")
    with working("asking"):
        found = compare_sites(build_client(), dial, host, folder, count=count, seed=seed, api_key=key)
    if as_json:
        print_json(asdict(found))
    else:
        click.echo(render(found))
    if found.differences:
        raise Deviated(f"{len(found.differences)} differences", hint="docs/guides/same-answers.md says what each means")


def render(found: Parity) -> str:
    """The table, then every difference and remark, a line each."""
    heads = ("site", "model", "golden", "drawn", "largest gap", "refusals")
    table = [heads, *map(_cells, found.rows)]
    widths = [max(len(row[n]) for row in table) for n in range(len(heads))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    lines += [f"note: {note}" for note in found.notes]
    return "\n".join([*lines, *(f"differs: {difference}" for difference in found.differences)])


def _cells(row: Compared) -> tuple[str, ...]:
    golden = f"{row.golden_right}/{row.golden_asked}" if row.golden_asked else "another model"
    drawn = f"{row.drawn_equal}/{row.drawn_asked}" + (f" as {row.beside}" if row.beside else "")
    refusals = f"{row.refusals_equal}/{row.refusals_asked}"
    return row.site, row.digest[:19], golden, drawn, f"{row.largest_gap:.1e}", refusals


COMMANDS = {"parity": parity}
