"""One page about a drill, made from its measurement alone: Markdown, HTML and JSON data. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from html import escape
from typing import Any

from failover.drill.measurement import Counts, MeasuredTerm, Measurement
from failover.drill.timeline import STAMP_TEXTS, colour_sites, render_timeline

Row = Sequence[str]
PASSED, DEVIATED, INVALID = "passed", "deviated", "invalid"
NUMERIC = frozenset(("best", "typical", "worst", "measured", "how often", "no answer", "wrong", "simulated", "real"))
LATENCIES = ("before p50", "before p95", "during p50", "during p95")

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.45 system-ui, sans-serif; color: #1c1c1c; background: #fff; max-width: 1080px; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .3rem; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .5rem; }
p.verdict { font-size: 1.1rem; padding: .6rem .8rem; border-left: 6px solid #009e73; background: #f1f8f5; }
p.verdict.deviated { border-color: #b00020; background: #fbf0f1; }
p.verdict.invalid { border-color: #e69f00; background: #fdf6e6; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .25rem .7rem .25rem 0;
  border-bottom: 1px solid #ddd; vertical-align: top; }
th { font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
figure { margin: 1rem 0; overflow-x: auto; } svg { width: 100%; min-width: 720px; font: 11.5px system-ui, sans-serif; }
svg .grid { stroke: #dcdcdc; } svg .stamp { stroke: #222; stroke-dasharray: 3 2; }
svg text.stamp { stroke: none; fill: #222; } svg text.step { fill: #666; }
svg text.inside { fill: #444; font-size: 10px; }
.chip { display: inline-block; width: .8em; height: .8em; margin: 0 .3em 0 .9em; }
.small { color: #555; font-size: .87rem; }
"""


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
    return {
        "verdict": judge(measured),
        "deviations": list(measured.deviations),
        "recovery_life_seconds": measured.recovery_life_seconds,
        **data,
    }


def headline(measured: Measurement) -> str:
    """The drill in one sentence or two."""
    recovery, total = measured.recovery_life_seconds, measured.failover[-1]
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
    verdict = f"**{judge(measured)}**: {headline(measured)}."
    lines = [f"# Drill: lose {measured.lost} of {measured.host}", "", verdict, ""]
    if measured.deviations:
        lines += ["## What deviated", "", *(f"- {deviation}" for deviation in measured.deviations), ""]
    for title, header, rows in _tables(measured):
        lines += [f"## {title}", "", *_markdown_table(header, rows), ""]
    lines += ["## How it was measured", "", *(f"- {note}" for note in _notes(measured)), ""]
    return "\n".join(lines)


def render_html(measured: Measurement) -> str:
    """The page as one HTML file that needs nothing else."""
    verdict = judge(measured)
    sites = {sample.site for sample in measured.samples if sample.site} | {measured.lost}
    chips = "".join(
        f'<span class="chip" style="background:{colour}"></span>{escape(site)}'
        for site, colour in colour_sites(sites, measured.lost).items()
    )
    title = f"Drill: lose {escape(measured.lost)} of {escape(measured.host)}"
    parts = [
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>',
        f"<h1>{title}</h1>",
        f'<p class="small">{escape(measured.utc)} · drill {escape(measured.drill_id)} · speed {measured.speed}</p>',
        f'<p class="verdict {verdict}"><strong>{verdict}</strong>: {escape(headline(measured))}.</p>',
        _html_list(measured.deviations),
        f'<figure>{render_timeline(measured)}</figure><p class="small">Served by, or named:{chips}'
        '<span class="chip" style="background:#b00020"></span>failed or wrong</p>',
    ]
    for heading, header, rows in _tables(measured):
        parts.append(f"<h2>{heading}</h2>{_html_table(header, rows)}")
    parts.append(f"<h2>How it was measured</h2>{_html_list(_notes(measured))}</body></html>\n")
    return "\n".join(parts)


def _tables(measured: Measurement) -> Iterable[tuple[str, Row, list[Row]]]:
    terms = ("term", "best", "typical", "worst", "measured", "", "why")
    yield "Failover, in simulated seconds", terms, [_term_row(term) for term in measured.failover]
    yield "Failback, in simulated seconds", terms, [_term_row(term) for term in measured.failback]
    counts = (("clients", measured.clients), ("DNS", measured.answers), ("sites, asked directly", measured.pinned))
    yield "Answers", ("asked", "how often", "no answer", "wrong", "for example"), [_count_row(*each) for each in counts]
    latencies: list[Row] = [
        (each.site, *map(_ms, (each.before_p50, each.before_p95, each.during_p50, each.during_p95)))
        for each in measured.latencies
    ]
    yield "Time to answer, asked directly, in milliseconds of wall time", ("site", *LATENCIES), latencies
    yield "Stamps", ("stamp", "what", "simulated", "real"), list(_stamp_rows(measured))


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
        f"{name} every {seconds:g} s" for name, seconds in _by_kind(measured.resolution_life_seconds).items()
    )
    yield f"The observers look at fixed intervals, in simulated seconds: {looks}. No term is known better than that."
    yield (
        f"Their own lag: {lag.p99_ms:.0f} ms at the 99th percentile, {lag.at_stamps_ms:.0f} ms at the stamps, "
        f"{lag.worst_ms:.0f} ms at worst; the first two, at this speed, are up to {lag.life_seconds:.2f} s (simulated)"
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


def _markdown_table(header: Row, rows: Iterable[Row]) -> Iterable[str]:
    yield "| " + " | ".join(header) + " |"
    yield "|" + " --- |" * len(header)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def _html_table(header: Row, rows: Iterable[Row]) -> str:
    def cell(tag: str, text: str) -> str:
        number = text[:1].isdigit() or (tag == "th" and text in NUMERIC.union(LATENCIES))
        attribute = ' class="number"' if number else ""
        return f"<{tag}{attribute}>{escape(text)}</{tag}>"

    head = "".join(cell("th", text) for text in header)
    body = "".join(f"<tr>{''.join(cell('td', text) for text in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _html_list(items: Iterable[str]) -> str:
    found = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f"<ul>{found}</ul>" if found else ""
