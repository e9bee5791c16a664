"""One page about a drill, made from its measurement alone: Markdown, HTML and JSON data.

What every page says stands in templates/drill.html and drill.md; here is the data that fills them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from failover.drill.measurement import Measurement
from failover.drill.tables import build_tables, identify
from failover.drill.timeline import BAD_COLOUR, HEALTHY_COLOUR, UNHEALTHY_COLOUR, colour_sites, render_timeline
from service.pages.page import render

PASSED, DEVIATED, INVALID, NOT_MEASURED = "passed", "deviated", "invalid", "not measured"
DATA = "report.json"
"""The report for programs, beside the journal."""

TEMPLATES = Path(__file__).parent / "templates"
_TONES = {PASSED: "", DEVIATED: " no", INVALID: " unsure", NOT_MEASURED: " unsure"}


def judge(measured: Measurement) -> str:
    """`passed`, `deviated`, or `invalid`: the observers were too slow for times that look right to mean anything.

    `not measured` where another tool watched, for which a site was only held out.
    """
    if measured.faults:
        return DEVIATED
    if not measured.watched:
        return NOT_MEASURED
    if not measured.lag.valid:
        return INVALID
    return DEVIATED if measured.misses else PASSED


def render_data(measured: Measurement) -> dict[str, Any]:
    """Everything but the samples, as JSON data."""
    data = asdict(measured)
    del data["samples"]
    for terms, kept in ((measured.failover, data["failover"]), (measured.failback, data["failback"])):
        for term, item in zip(terms, kept, strict=True):
            item["holds"] = term.holds
    return _add_old_names(
        {
            "verdict": judge(measured),
            "deviations": list(measured.deviations),
            "recovery_simulated_seconds": measured.recovery_simulated_seconds,
            **data,
        }
    )


def _add_old_names(data: dict[str, Any]) -> dict[str, Any]:
    """The same data under the names of before as well, for one release: programs read them."""
    lag = {**data["lag"], "life_seconds": data["lag"]["simulated_seconds"]}
    old = {f"{name}_life_seconds": data[f"{name}_simulated_seconds"] for name in ("recovery", "resolution")}
    return {**data, **old, "lag": lag}


def headline(measured: Measurement) -> str:
    """The drill in one sentence or two."""
    recovery, total = measured.recovery_simulated_seconds, measured.failover[-1]
    moved = (
        f"traffic left {measured.lost} in {recovery:.1f} s (predicted {total.best:.1f} to {total.worst:.1f} s)"
        if recovery is not None
        else f"whether traffic left {measured.lost} was not measured"
        if measured.abort
        else f"traffic was not seen to leave {measured.lost}"
    )
    clients, window = measured.clients, measured.window
    restored = "everything is restored" if measured.restored else "NOT RESTORED"
    told = f"{clients.failed} of {clients.total} requests failed, {clients.wrong} were wrong"
    if window is not None and window.total:
        told += f" (and {window.failed + window.wrong} of {window.total} until traffic should have left)"
    return f"{moved}; {told}; {restored}"


def render_markdown(measured: Measurement) -> str:
    """The page as Markdown, without the picture."""
    return render(TEMPLATES, "drill.md", **_describe(measured))


def render_html(measured: Measurement) -> str:
    """The page as one HTML file that needs nothing else."""
    sites = {sample.site for sample in measured.samples if sample.site} | {measured.lost}
    return render(
        TEMPLATES,
        "drill.html",
        **_describe(measured),
        utc=measured.utc,
        drill_id=measured.drill_id,
        speed=measured.speed,
        tones=_TONES,
        timeline=render_timeline(measured),
        colours={
            **colour_sites(sites, measured.lost),
            "healthy to Route 53": HEALTHY_COLOUR,
            "unhealthy": UNHEALTHY_COLOUR,
            "failed or wrong": BAD_COLOUR,
        },
    )


def _describe(measured: Measurement) -> dict[str, Any]:
    return {
        "title": f"Drill: lose {measured.lost} of {measured.host}",
        "verdict": judge(measured),
        "headline": headline(measured),
        "deviations": measured.deviations,
        "facts": identify(measured),
        "restored": _say_restored(measured),
        "tables": build_tables(measured),
        "notes": list(_notes(measured)),
    }


def _say_restored(measured: Measurement) -> str:
    """The proof of restoration in one sentence: what was undone, and what the last look at everything found."""
    undoings = measured.account.undoings
    undone = sum(each.undone_at is not None for each in undoings)
    looked = (
        "found every site right and no check switched" if measured.account.steady_after else "did not find all right"
    )
    return f"{undone} of {len(undoings)} changes are undone, each read back; the last look at all sites {looked}."


def _notes(measured: Measurement) -> Iterable[str]:
    speed, lag = measured.speed, measured.lag
    clock = "real time" if speed == 1 else f"a clock at {speed} times real time"
    yield f"On {clock}: one real second is {speed} s (simulated); all predictions and terms are in simulated seconds."
    looks = ", ".join(
        f"{name} every {seconds:g} s" for name, seconds in _by_kind(measured.resolution_simulated_seconds).items()
    )
    yield f"The observers look at fixed intervals, in simulated seconds: {looks}. No term is known better than that."
    yield (
        f"Their own lag: {lag.p99_ms:.0f} ms at the 99th percentile, {lag.at_stamps_ms:.0f} ms at the stamps, "
        f"{lag.worst_ms:.0f} ms at worst; "
        f"the first two, at this speed, are up to {lag.simulated_seconds:.2f} s (simulated)"
        + ("." if lag.valid else ", more than the 1 s up to which a time means anything: the times are INVALID.")
    )
    yield (
        "Every client began with an answer that named the lost site, each of another age, the last one fresh: so "
        "the total is close to the worst that a client meets whose resolver honours TTLs."
    )
    if (band := measured.failover[-1].band) is not None:
        yield (
            f"Nine of ten such drills were predicted to take {band[0]:.1f} to {band[1]:.1f} s: at level 1 from "
            "when DNS had moved, and requests from before the change; else from the plan alone. A switch's documented "
            "worst case is no part of it."
        )
    each = ", ".join(f"{by} {seconds:.1f} s" for by, seconds in measured.client_recoveries.items())
    yield f"Each client's own recovery: {each or measured.unmeasured}."
    yield from (f"The drill {line}." for line in measured.waits)
    yield from (f"{jump}: times here are monotonic; a drill's expiry is not." for jump in measured.account.clock_jumps)
    yield from (f"The journal: {damage}." for damage in measured.account.chain.damages)
    if measured.overridden:
        yield f"Guards that spoke and were overridden: {'; '.join(measured.overridden)}."


def _by_kind(resolutions: dict[str, float]) -> dict[str, float]:
    """The coarsest beat of each kind of observer."""
    kinds: dict[str, float] = {}
    for name, seconds in resolutions.items():
        kind = {"authority": "DNS", "client": "each client", "site": "each site", "kind": "each kind of client"}[
            name.split("-", 1)[0]
        ]
        kinds[kind] = max(kinds.get(kind, 0.0), seconds)
    return kinds
