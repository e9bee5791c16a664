"""`outlast chaos`: every fault at every site of the sandbox that runs, measured, and written into its page."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Sequence
from pathlib import Path

import click

from failover.dial import Dial
from failover.drill.clock import SystemClock
from failover.drill.route53 import build_client
from failover.levers.clouds import Clouds
from failover.levers.registry import build_levers
from failover.parity.compare import Parity
from failover.parity.run import compare_sites
from sandbox.chaos.faults import FAULTS, ChaosFault, choose_faults
from sandbox.chaos.page import Circumstances, render_page
from sandbox.chaos.run import Lab, Measured, run_rows
from service.bundle.folder import choose_released, load_golden
from service.command_line import Command, model_option, say, working
from service.errors import Deviated, InvalidInput, Unavailable

PARITY_ROWS = 200  # that every site is asked after the last fault


@click.command(cls=Command)
@click.option("--faults", default="", help=f"Some of them alone: {', '.join(fault.name for fault in FAULTS)}.")
@click.option("--sites", default="", help="Some sites alone, by their names in DNS.")
@click.option(
    "--write",
    type=click.Path(path_type=Path),
    help="The page to write, as docs/reference/faults.md; what it says of other sites and speeds stays.",
)
@model_option
def chaos(faults: str, sites: str, write: Path | None, model: str | None) -> None:
    """Make every fault at every site of the sandbox, one after the other, and measure who notices and who suffers."""
    measured, around = measure(choose_faults(faults), sites.replace(",", " ").split(), model)
    rows = measured.rows
    before = write.read_text(encoding="utf-8") if write and write.exists() else ""
    page = render_page(rows, around, before)
    if write:
        write.write_text(page, encoding="utf-8")
        say(f"written: {write}")
    else:
        click.echo(page)
    mistakes = [f"{row.fault} at {row.site}: {'; '.join(row.mistakes)}" for row in rows if row.mistakes]
    if mistakes or around.differences:
        what = (
            f"{len(mistakes)} of {len(rows)} rows are not as promised, {len(around.differences)} differences afterwards"
        )
        raise Deviated(what, hint="the page says which and why")


def measure(faults: Sequence[ChaosFault], sites: Sequence[str], model: str | None) -> tuple[Measured, Circumstances]:
    """The rows, and what they were measured on."""
    lab, load = open_lab(model), [os.getloadavg()[0]]
    known = [site.name for site in lab.fleet().sites]
    if unknown := set(sites) - set(known):
        raise InvalidInput(f"there are no sites {', '.join(sorted(unknown))}", hint=f"one of: {', '.join(known)}")

    with working("chaos") as announce:

        def told(line: str) -> None:
            load.append(os.getloadavg()[0])
            say(line)
            announce(len(load) - 1, len(faults) * len(sites or known))

        measured = run_rows(lab, faults, sites, told)
    with working("asking every site the same, now that all is healed"):
        differences = tuple(map(str, compare_after(lab, model).differences))
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    cores, python = os.cpu_count() or 1, platform.python_version()
    not_made = tuple(measured.not_made)
    return measured, Circumstances(lab.dial.speed, today, cores, python, (min(load), max(load)), differences, not_made)


def compare_after(lab: Lab, model: str | None) -> Parity:
    """What every site answers to the same requests once all is healed."""
    folder, key = (
        choose_released(model or os.environ.get("OUTLAST_DEFAULT_MODEL")),
        lab.environ.get("OUTLAST_API_KEY", ""),
    )
    return compare_sites(lab.route53, lab.dial, lab.host, folder, count=PARITY_ROWS, seed=0, api_key=key)


def open_lab(model: str | None) -> Lab:
    """The sandbox whose environment this process has."""
    if not os.environ.get("OUTLAST_SANDBOX_ENDPOINT"):
        raise Unavailable("faults are made in the sandbox alone, and this is not its environment", hint="make chaos")
    dial, clock = Dial.from_environment(os.environ), SystemClock()
    clouds = Clouds(os.environ)
    levers = build_levers(clouds, now=clock.utc, pause=clock.sleep, speed=dial.speed)
    golden = load_golden(choose_released(model or os.environ.get("OUTLAST_DEFAULT_MODEL")))
    return Lab(build_client(), dial, os.environ["OUTLAST_HOST"], golden, levers, os.environ, clouds)


COMMANDS = {"chaos": chaos}
