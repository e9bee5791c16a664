"""One page about a drill, made from its measurement alone: Markdown, HTML and JSON data.

What every page says stands in templates/drill.html and drill.md; here is the data that fills them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from failover.drill.measurement import Counts, MeasuredTerm, Measurement
from failover.drill.timeline import BAD_COLOUR, STAMP_TEXTS, colour_sites, render_timeline
from service.pages.page import Table, render

Row = Sequence[str]
PASSED, DEVIATED, INVALID = "passed", "deviated", "invalid"
TEMPLATES = Path(__file__).parent / "templates"
_TONES = {PASSED: "", DEVIATED: " no", INVALID: " unsure"}


def judge(measured: Measurement) -> str:
    """`passed`, `deviated`, or `invalid`: the observers were too slow for times that look right to mean anything."""
    if measured.faults:
        return DEVIATED
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
        else f"traffic was not seen to leave {measured.lost}"
    )
    clients = measured.clients
    restored = "everything is restored" if measured.restored else "NOT RESTORED"
    return f"{moved}; {clients.failed} of {clients.total} requests failed, {clients.wrong} were wrong; {restored}"


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
        colours={**colour_sites(sites, measured.lost), "failed or wrong": BAD_COLOUR},
    )


def _describe(measured: Measurement) -> dict[str, Any]:
    return {
        "title": f"Drill: lose {measured.lost} of {measured.host}",
        "verdict": judge(measured),
        "headline": headline(measured),
        "deviations": measured.deviations,
        "tables": _tables(measured),
        "notes": list(_notes(measured)),
    }


def _tables(measured: Measurement) -> list[Table]:
    terms = ("term", "best", "typical", "worst", "measured", "", "why")
    counts = (("clients", measured.clients), ("DNS", measured.answers), ("sites, asked directly", measured.pinned))
    failover, failback = ([_term_row(term) for term in each] for each in (measured.failover, measured.failback))
    answers, latencies = ("asked", "how often", "no answer", "wrong", "for example"), list(_latency_rows(measured))
    times = ("site", "before p50", "before p95", "during p50", "during p95")
    return [
        Table("Failover, in simulated seconds", terms, failover, prose=(6,)),
        Table("Failback, in simulated seconds", terms, failback, prose=(6,)),
        Table("Answers", answers, [_count_row(*each) for each in counts], prose=(4,)),
        Table("Time to answer, asked directly, in milliseconds of real time", times, latencies),
        Table("Stamps", ("stamp", "what", "simulated", "real"), list(_stamp_rows(measured)), prose=(1,)),
    ]


def _latency_rows(measured: Measurement) -> Iterable[Row]:
    for each in measured.latencies:
        yield each.site, *map(_ms, (each.before_p50, each.before_p95, each.during_p50, each.during_p95))


def _term_row(term: MeasuredTerm) -> Row:
    measured = "not seen" if term.measured is None else f"{term.measured:.1f}"
    predicted = (f"{seconds:.1f}" for seconds in (term.best, term.typical, term.worst))
    return term.name, *predicted, measured, "" if term.holds else "✗", term.why


def _count_row(who: str, counts: Counts) -> Row:
    return who, str(counts.total), str(counts.failed), str(counts.wrong), "; ".join(counts.examples[:2])


def _stamp_rows(measured: Measurement) -> Iterable[Row]:
    origin = measured.stamps["change_requested"]
    for name, at in measured.stamps.items():
        if at is None or origin is None:
            yield name, STAMP_TEXTS[name], "not seen", ""
        else:
            yield name, STAMP_TEXTS[name], f"{(at - origin) * measured.speed:.1f} s", f"{at - origin:.2f} s"


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


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
    each = ", ".join(f"{by} {seconds:.1f} s" for by, seconds in measured.client_recoveries.items())
    yield f"Each client's own recovery: {each or 'not seen'}."
    if measured.overridden:
        yield f"Guards that spoke and were overridden: {'; '.join(measured.overridden)}."


def _by_kind(resolutions: dict[str, float]) -> dict[str, float]:
    """The coarsest beat of each kind of observer."""
    kinds: dict[str, float] = {}
    for name, seconds in resolutions.items():
        kind = {"authority": "DNS", "client": "each client", "site": "each site"}[name.split("-", 1)[0]]
        kinds[kind] = max(kinds.get(kind, 0.0), seconds)
    return kinds
