"""`outlast capacity measure`: how many requests a second a running site bears, written into its stack file if asked."""

from __future__ import annotations

import datetime
import itertools
import math
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import yaml

from failover.dial import Dial, authorise
from failover.drill.probes import ask_golden
from infra.capacity import Step, choose, is_lower_bound, is_over, per_replica, write_measured
from infra.cost.stacks import read_config
from infra.models import STACKS
from outlast.least_replicas import count_least
from service.bundle.folder import choose_released, load_golden
from service.bundle.golden import Golden
from service.bundle.writing import write_whole
from service.command_line import Announce, Group, json_option, model_option, print_json, say, working
from service.errors import Deviated, InvalidInput, Unavailable

CLIENTS = (1, 2, 4, 8, 16, 32, 64)
DEADLINE_SECONDS = 10.0


@dataclass(frozen=True)
class Asked:
    """What is asked, where, and how."""

    dial: Dial
    host: str
    address: str
    golden: Golden
    api_key: str


@click.group(cls=Group)
def capacity() -> None:
    """What a site bears: the figure by which drills and previews decide whether the others can carry its share."""


@capacity.command()
@click.option("--site", required=True, metavar="STACK", help="The site's stack.")
@click.option("--host", envvar="OUTLAST_HOST", required=True, help="The public host. [env: OUTLAST_HOST]")
@model_option
@click.option("--replicas", type=click.IntRange(1, 300), help="That run now; without it those that always run.")
@click.option("--p95-ms", type=click.FloatRange(1.0), default=250.0, show_default=True, help="What must be kept.")
@click.option("--seconds", type=click.FloatRange(0.5, 60.0), default=5.0, show_default=True, help="Of each step.")
@click.option("--write", "writing", is_flag=True, help="Write the figure into the site's stack file.")
@json_option
def measure(
    site: str,
    host: str,
    model: str | None,
    replicas: int | None,
    p95_ms: float,
    seconds: float,
    writing: bool,
    as_json: bool,
) -> None:
    """Ask one site its golden rows from 1, 2, 4, … 64 clients at once, until it gives no more or is too slow.

    It is real load on a real site: take the site out of DNS first (`outlast drain`), or do it where nobody else asks.
    The machine that asks is part of what is measured, so the figure is never too high.
    """
    path = STACKS / f"Pulumi.{site}.yaml"
    running = replicas or _min_replicas(site, path)
    asked = _asked(site, host, model)
    with working(f"measuring {site}") as announce:
        steps = run_steps(lambda clients: run_step(asked, clients, seconds), p95_ms / 1000, say, announce)
    best = choose(steps, p95_ms / 1000)
    if best is None:
        what = f"{site} did not keep a p95 of {p95_ms:g} ms for a single client, or answered wrong"
        raise Deviated(what, hint="`outlast status` says how its replicas are; --p95-ms names another limit")
    figure = per_replica(best, running)
    bound = is_lower_bound(steps, p95_ms / 1000)
    if writing:
        _write(path, figure)
    if as_json:
        found = {"site": site, "rps": round(best.rps, 1), "replicas": running, "rps_per_replica": figure}
        print_json(found | {"lower_bound": bound, "steps": [asdict(step) for step in steps]})
        return
    more = ", and more than it was asked for" if bound else ""
    click.echo(
        f"{site} bears {best.rps:.0f} requests a second with {running} replicas{more}: outlast:rpsPerReplica: {figure}"
    )


def _min_replicas(site: str, path: Path) -> int:
    """Those that always run."""
    try:
        config = read_config(path)
    except (OSError, yaml.YAMLError) as error:
        raise InvalidInput(f"{path.name} cannot be read", hint="--replicas says how many replicas run") from error
    return count_least(site, config)


def _asked(site: str, host: str, model: str | None) -> Asked:
    dial = Dial.from_environment(os.environ)
    origin = f"{site}.{host}"
    address = next(iter(dial.resolve(origin).addresses), "")
    if not address:
        raise Unavailable(f"{origin} has no address", hint="is the site up? of the sandbox's: `outlast exec -- …`")
    golden = load_golden(choose_released(model))
    return Asked(dial, host, address, golden, os.environ.get("OUTLAST_API_KEY", ""))


def run_steps(
    step: Callable[[int], Step],
    p95_seconds: float,
    report: Callable[[str], None],
    announce: Announce = lambda done, of: None,
) -> list[Step]:
    """Ask from ever more clients, until that tells nothing new."""
    steps: list[Step] = []
    for clients in CLIENTS:
        steps.append(step(clients))
        last = steps[-1]
        told = f"{last.clients} clients: {last.rps:.0f} a second, p95 {1000 * last.p95_seconds:.0f} ms"
        report(f"• {told}, {last.failed} failed")
        announce(len(steps), len(CLIENTS))
        if is_over(steps, p95_seconds):
            break
    return steps


def run_step(asked: Asked, clients: int, seconds: float) -> Step:
    """So many clients, each on a connection of its own, for some seconds."""
    until, taken, failed = time.monotonic() + seconds, list[float](), list[str]()
    work = [threading.Thread(target=_ask, args=(asked, until, taken, failed)) for _ in range(clients)]
    began = time.monotonic()
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    return Step(clients, len(taken) / (time.monotonic() - began), _p95(taken), len(failed))


def _ask(asked: Asked, until: float, taken: list[float], failed: list[str]) -> None:
    with asked.dial.client(address=asked.address, fresh=False, deadline_seconds=DEADLINE_SECONDS) as http:
        http.headers.update(authorise(asked.api_key))
        for row in itertools.cycle(asked.golden.rows):
            if time.monotonic() >= until:
                return
            answer = ask_golden(http, asked.host, asked.golden, row)
            if wrong := answer.error or answer.wrong:
                failed.append(wrong)
                return
            taken.append(answer.seconds)


def _p95(taken: Sequence[float]) -> float:
    return sorted(taken)[math.ceil(0.95 * len(taken)) - 1] if taken else math.inf


def _write(path: Path, figure: int) -> None:
    try:
        text = write_measured(path.read_text(), figure, datetime.datetime.now(datetime.UTC).date())
    except ValueError as error:
        raise InvalidInput(f"{path.name} cannot be written: {error}", hint="add it, as a number") from error
    write_whole(path, text)
    say(f"wrote {path.name}")


COMMANDS = {"capacity": capacity}
