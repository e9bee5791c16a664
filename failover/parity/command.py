"""`outlast parity`: asks every site the same, and tells in what they differ. Only here clients are built."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from failover.dial import Dial
from failover.drill.fleet import TAG_DIGEST
from failover.drill.route53 import build_client
from failover.oncall.look import choose_deadline, read_standing
from failover.oncall.standing import SiteStanding
from failover.parity.asking import ask_site
from failover.parity.compare import Parity, SiteAnswers, compare
from failover.parity.mistakes import Row
from failover.parity.rows import draw_rows
from service.bundle.folder import choose_released, load_golden, load_release
from service.bundle.golden import Golden
from service.command_line import Command, json_option, model_option, print_json, say
from service.errors import Deviated, InvalidInput, Unavailable

ROWS = 1000
# A site gets this many times what one request gets: it is asked about thirty, some of four megabytes.
_PATIENCE = 6


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
    folder = choose_released(model)
    golden, manifest = load_golden(folder), load_release(folder).manifest
    sites = _find_sites(host)
    rows = draw_rows(manifest.input, manifest.reference, count, seed=seed)
    say(f"asking {', '.join(site.name for site in sites)}: {len(golden.rows)} golden rows and {count} drawn ones each")
    answers = _ask_all(sites, host, golden, rows)
    found = compare(answers, golden, {site.name: _promised(site) for site in sites})
    if as_json:
        print_json(asdict(found))
    else:
        click.echo(render(found))
    if found.differences:
        raise Deviated(f"{len(found.differences)} differences", hint="docs/guides/same-answers.md says what each means")


def render(found: Parity) -> str:
    """The table, then every difference and remark, a line each."""
    heads = ("site", "model", "golden", "drawn", "largest gap", "refusals")
    table = [heads, *((r.site, r.digest[:19], *_cells(r.__dict__)) for r in found.rows)]
    widths = [max(len(row[n]) for row in table) for n in range(len(heads))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    lines += [f"note: {note}" for note in found.notes]
    return "\n".join([*lines, *(f"differs: {difference}" for difference in found.differences)])


def _cells(row: Mapping[str, object]) -> tuple[str, ...]:
    golden = f"{row['golden_right']}/{row['golden_asked']}" if row["golden_asked"] else "another model"
    beside = f" as {row['beside']}" if row["beside"] else ""
    drawn = f"{row['drawn_equal']}/{row['drawn_asked']}{beside}"
    return golden, drawn, f"{row['largest_gap']:.1e}", f"{row['refusals_equal']}/{row['refusals_asked']}"


def _find_sites(host: str) -> list[SiteStanding]:
    dial = Dial.from_environment(os.environ)
    standing = read_standing(
        build_client(),
        dial,
        host,
        now=datetime.now(UTC),
        deadline_seconds=choose_deadline(dial),
        drills=Path("drills"),
    )
    if len(standing.sites) < 2:
        raise Unavailable(
            f"{host} has one site: nothing to compare it with", hint="`outlast status --host` shows sites"
        )
    return list(standing.sites)


def _promised(site: SiteStanding) -> str:
    return site.endpoint.tags.get(TAG_DIGEST, "") if site.endpoint else ""


def _ask_all(sites: Sequence[SiteStanding], host: str, golden: Golden, rows: Sequence[Row]) -> list[SiteAnswers]:
    dial, api_key = Dial.from_environment(os.environ), os.environ.get("OUTLAST_API_KEY", "")

    def ask(site: SiteStanding) -> SiteAnswers:
        if not site.look.address:
            return SiteAnswers(site.name, error=site.look.problem)
        patience = _PATIENCE * choose_deadline(dial)
        with dial.client(address=site.look.address, fresh=False, deadline_seconds=patience) as http:
            return ask_site(http, host, site.name, golden=golden, rows=rows, api_key=api_key)

    with ThreadPoolExecutor(max_workers=len(sites)) as pool:
        return list(pool.map(ask, sites))


COMMANDS = {"parity": parity}
