"""`python -m bench`, which `make bench` calls: the endpoint and what attacks it, models, the sandbox, the programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import click

from bench import abuse, band, client, endpoint, listeners, metrics, models, page, programs, sandbox
from bench.environments import ROOT, require_load_generators
from bench.peers import PEERS
from bench.report import Verdict
from bench.sandbox import QUICK_WINDOW_SECONDS, WINDOW_SECONDS
from service.command_line import CONTEXT, Command, json_option, print_json, say
from service.errors import Unavailable

MISSED = 5
_NAMES = [peer.name for peer in PEERS]


@dataclass(frozen=True)
class Options:
    """What was asked for: seconds instead of minutes, and these peers only (all when empty)."""

    quick: bool
    only: tuple[str, ...]
    load: float
    drills: int = band.DRILLS


@dataclass(frozen=True)
class Measured:
    """One part's result: its section of the page, its targets, and the same as plain data."""

    section: str
    verdicts: tuple[Verdict, ...]
    document: Mapping[str, Any]


def _measure_endpoint(options: Options) -> Measured:
    return Measured(*endpoint.measure(options.only, quick=options.quick, load=options.load))


def _measure_abuse(options: Options) -> Measured:
    return Measured(*abuse.measure(quick=options.quick))


def _measure_listeners(options: Options) -> Measured:
    return Measured(*listeners.measure(quick=options.quick))


def _measure_metrics(options: Options) -> Measured:
    return Measured(*metrics.measure(quick=options.quick))


def _measure_models(options: Options) -> Measured:
    return Measured(*models.measure(options.quick, lambda line: say(f"models: {line}")))


def _measure_sandbox(options: Options) -> Measured:
    window = QUICK_WINDOW_SECONDS if options.quick else WINDOW_SECONDS
    figures = sandbox.measure(window, lambda line: say(f"sandbox: {line}"))
    return Measured(sandbox.render(figures, quick=options.quick), sandbox.judge(figures), sandbox.to_document(figures))


def _measure_programs(options: Options) -> Measured:
    figures = programs.measure(quick=options.quick, say=lambda line: say(f"programs: {line}"))
    section = programs.render(figures, quick=options.quick)
    return Measured(section, programs.judge(figures), programs.to_document(figures))


def _measure_client(options: Options) -> Measured:
    figures = client.measure(client.QUICK_CALLS if options.quick else client.CALLS, load=options.load)
    return Measured(client.render(figures, quick=options.quick), client.judge(figures), client.to_document(figures))


def _measure_band(options: Options) -> Measured:
    drills = band.QUICK_DRILLS if options.quick else options.drills
    figures = band.measure(drills, lambda line: say(f"band: {line}"), load=options.load)
    return Measured(band.render(figures), band.judge(figures), band.to_document(figures))


MEASURES: Mapping[str, Callable[[Options], Measured]] = {
    "endpoint": _measure_endpoint,
    "abuse": _measure_abuse,
    "listeners": _measure_listeners,
    "metrics": _measure_metrics,
    "models": _measure_models,
    "sandbox": _measure_sandbox,
    "programs": _measure_programs,
    "client": _measure_client,
    "band": _measure_band,
}


@click.command(cls=Command, context_settings=CONTEXT)
@click.option("--part", "parts", multiple=True, type=click.Choice(list(MEASURES)), help="This part only; repeatable.")
@click.option(
    "--quick", is_flag=True, help="Seconds instead of minutes: shows that it works, not how fast anything is."
)
@click.option("--only", multiple=True, type=click.Choice(_NAMES), help="Of the endpoint, these servers; repeatable.")
@click.option("--drills", type=click.IntRange(1), default=band.DRILLS, help="Of the band, drills a site.")
@click.option("--write", is_flag=True, help=f"Put the sections into {page.PAGE.relative_to(ROOT)}.")
@json_option
def main(parts: tuple[str, ...], quick: bool, only: tuple[str, ...], drills: int, write: bool, as_json: bool) -> None:
    """Measure, print every ratio beside its target, and what was missed as missed.

    Leaves with 5 when a target was missed.
    """
    if (os.cpu_count() or 1) < 2:
        raise Unavailable("the server and the load need a core each", hint="a machine with two cores or more")
    if {"endpoint", "abuse", "listeners"}.intersection(parts or MEASURES):
        require_load_generators()
    load = os.getloadavg()[0]
    if load > 0.5:
        say(f"warning: something else runs here (load {load:.2f}); the figures will not be worth much")
    measured = {part: MEASURES[part](Options(quick, only, load, drills)) for part in parts or MEASURES}
    if as_json:
        print_json({part: dict(each.document) for part, each in measured.items()})
    else:
        click.echo("\n".join(each.section for each in measured.values()))
    if write:
        page.write({part: each.section for part, each in measured.items()})
    missed = [verdict for each in measured.values() for verdict in each.verdicts if verdict.met is False]
    for verdict in missed:
        say(f"missed: {verdict.what}: {verdict.measured:.2f}, to reach {verdict.target}")
    sys.exit(MISSED if missed else 0)


COMMANDS = {"bench": main}

if __name__ == "__main__":
    main(prog_name="python -m bench")
