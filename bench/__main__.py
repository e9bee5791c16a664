"""`python -m bench`: our server beside others, on this machine, one core each. Also what `make bench` runs."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from bench.environments import ROOT, make_environment
from bench.measure import (
    MANY_ROWS,
    QUICK,
    Plan,
    measure_latency,
    measure_memory,
    measure_overload,
    measure_start,
    measure_throughput,
)
from bench.peers import OURS, PEERS, Peer
from bench.report import Figures, judge, read_versions, render, to_document

PAGE = ROOT / "docs" / "reference" / "performance.md"
MISSED = 5
_NAMES = [peer.name for peer in PEERS]


@click.command()
@click.option(
    "--quick", is_flag=True, help="Seconds instead of minutes: shows that it works, not how fast anything is."
)
@click.option("--only", multiple=True, type=click.Choice(_NAMES), help="Measure these only; may be given again.")
@click.option("--write", is_flag=True, help=f"Write {PAGE.relative_to(ROOT)}.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the page.")
def main(quick: bool, only: tuple[str, ...], write: bool, as_json: bool) -> None:
    """Measure requests per second, latency, start, memory and overload; print one table, what was missed as missed.

    Leaves with 5 when a target was missed.
    """
    if (os.cpu_count() or 1) < 2:
        raise click.ClickException("the server and the load need a core each")
    load = os.getloadavg()[0]
    if load > 0.5:
        click.echo(f"warning: something else runs here (load {load:.2f}); the figures will not be worth much", err=True)
    plan = QUICK if quick else Plan()
    figures = {peer.name: _measure(peer, plan) for peer in PEERS if not only or peer.name in only}
    verdicts = judge(figures)
    page = render(figures, verdicts, quick=quick, load=load)
    click.echo(json.dumps(to_document(figures, verdicts), indent=1) if as_json else page)
    if write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        Path(PAGE).write_text(page)
    sys.exit(MISSED if any(verdict.met is False for verdict in verdicts) else 0)


def _measure(peer: Peer, plan: Plan) -> Figures:
    """Everything that is measured of one peer."""

    def say(what: str) -> None:
        click.echo(f"{peer.name}: {what}", err=True)

    python = make_environment(peer.name.replace(" ", "-").lower(), peer.lock)
    figures = Figures(versions=read_versions(python, peer.versions), notes=peer.notes)
    say("start")
    figures.start = measure_start(peer, plan)
    say("requests per second")
    figures.single = measure_throughput(peer, plan, 1)
    figures.many = measure_throughput(peer, plan, MANY_ROWS)
    if peer.binary is not None:
        figures.binary_single = measure_throughput(peer, plan, 1, binary=True)
        figures.binary_many = measure_throughput(peer, plan, MANY_ROWS, binary=True)
    say("latency at 500/s")
    latency = measure_latency(peer, plan)
    figures.p50, figures.p99 = latency.percentile(50), latency.percentile(99)
    figures.answered_share = latency.share(200)
    say(f"memory over {plan.memory_requests} requests")
    figures.memory_early, figures.memory = measure_memory(peer, plan)
    if peer is OURS:
        say("overload")
        figures.overload = measure_overload(peer, plan)
    return figures


if __name__ == "__main__":
    main()
