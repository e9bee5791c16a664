"""The part `endpoint`: our server and its peers, one after the other, each on a core of its own."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from bench.environments import make_environment
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
from bench.peers import BARE, OURS, PEERS, SHIPPED, Peer
from bench.report import Figures, Verdict, judge, read_versions, render, to_document
from service.command_line import say


def measure(only: Sequence[str], *, quick: bool, load: float) -> tuple[str, tuple[Verdict, ...], dict[str, Any]]:
    """The section, its verdicts and the plain data of one run; of these peers only, when any are named."""
    plan = QUICK if quick else Plan()
    figures = {peer.name: _measure_peer(peer, plan) for peer in PEERS if not only or peer.name in only}
    verdicts = judge(figures)
    return render(figures, verdicts, quick=quick, load=load), tuple(verdicts), to_document(figures, verdicts)


def _measure_peer(peer: Peer, plan: Plan) -> Figures:
    """Everything that is measured of one peer."""

    def tell(what: str) -> None:
        say(f"{peer.name}: {what}")

    python = make_environment(peer.name.replace(" ", "-").lower(), peer.lock)
    figures = Figures(versions=read_versions(python, peer.versions), notes=peer.notes)
    tell("start")
    figures.start = measure_start(peer, plan)
    if peer is OURS:
        figures.start_as_shipped = measure_start(SHIPPED, plan)
    tell("requests per second")
    figures.single = measure_throughput(peer, plan, 1)
    figures.many = measure_throughput(peer, plan, MANY_ROWS)
    if peer.binary is not None:
        figures.binary_single = measure_throughput(peer, plan, 1, binary=True)
        figures.binary_many = measure_throughput(peer, plan, MANY_ROWS, binary=True)
    tell("latency at 500/s")
    runs = measure_latency(peer, plan, plan.opens if peer in (OURS, BARE) else 1)
    figures.p50, figures.p99 = (median(run.percentile(percent) for run in runs) for percent in (50, 99))
    figures.answered_share = min(run.share(200) for run in runs)
    tell(f"memory over {plan.memory_requests} requests")
    figures.memory_early, figures.memory = measure_memory(peer, plan)
    if peer is OURS:
        tell("overload")
        figures.overload = measure_overload(SHIPPED, plan)
    return figures
