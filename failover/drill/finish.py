"""The end of a drill: its reports on disk, one of them on the terminal, and the exit code that it came to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from failover.drill.aborts import Stop
from failover.drill.measurement import Measurement
from failover.drill.report import (
    DATA,
    INVALID,
    NOT_MEASURED,
    PASSED,
    headline,
    judge,
    render_data,
    render_html,
    render_markdown,
)
from failover.drill.retell import retell
from service.bundle.writing import write_whole
from service.command_line import print_json
from service.errors import Deviated, Refused


def finish_drill(journal: Path, as_json: bool, stop: Stop | None = None) -> None:
    """Write the reports, print one, and leave with what the drill came to."""
    measured, entries = retell(journal)
    data = render_data(measured)
    init = next(entry for entry in entries if entry["kind"] == "init")
    written = [journal, *write_reports(measured, data, journal.parent)]
    if as_json:
        print_json({**data, "plan": init["plan"], "files": [str(path) for path in written]})
    else:
        verdict = measured.abort if measured.stopped_by_hand else judge(measured)
        click.echo(f"\n{verdict}: {headline(measured)}\n")
        for line in _term_lines(measured):
            click.echo(line)
        for line in _scaled_lines(measured):
            click.echo(line)
        click.echo("\n" + "\n".join(f"  {path}" for path in written))
        click.echo(f"  head of the journal: {measured.account.chain.head}")
    if stop and stop.signal:
        click.echo(f"error: aborted by {stop.reason}; {headline(measured)}", err=True)
        raise SystemExit(128 + stop.signal)
    _raise_verdict(measured, entries)


def write_reports(measured: Measurement, data: dict[str, Any], folder: Path) -> list[Path]:
    """Write the report for people, as Markdown and as a page, and for programs; where."""
    texts = {
        "report.md": render_markdown(measured),
        "report.html": render_html(measured),
        DATA: json.dumps(data, indent=1) + "\n",
    }
    for name, text in texts.items():
        write_whole(folder / name, text)
    return [folder / name for name in texts]


def _raise_verdict(measured: Measurement, entries: Sequence[dict[str, Any]]) -> None:
    if any(entry["kind"] == "abort" and entry["refused"] for entry in entries):
        raise Refused(measured.abort, hint="nothing is left changed; make a new plan")
    if judge(measured) == INVALID:
        raise Deviated(
            f"measurement invalid: observers lagged up to {measured.lag.simulated_seconds:.1f} s (simulated)",
            hint="run it on an idle machine, or with the clock at a lower speed",
        )
    if judge(measured) not in (PASSED, NOT_MEASURED):
        raise Deviated("the drill deviated: " + "; ".join(measured.deviations), hint="the report shows when and where")


def _term_lines(measured: Measurement) -> Iterator[str]:
    yield f"  {'in simulated seconds':<20}{'best':>8}{'typical':>9}{'worst':>8}{'measured':>10}"
    for title, terms in (("failover", measured.failover), ("failback", measured.failback)):
        for term in terms:
            value = measured.unmeasured if term.measured is None else f"{term.measured:.1f}"
            mark = "  ✗" if measured.missed(term) else ""
            predicted = f"{term.best:>8.1f}{term.typical:>9.1f}{term.worst:>8.1f}"
            yield f"  {title + ' ' + term.name:<20}{predicted}{value:>10}{mark}"
    yield from _band_lines(measured)


def _scaled_lines(measured: Measurement) -> Iterator[str]:
    """The survivors' replicas, each on a line of its own."""
    if measured.scaled:
        yield f"\n  {'replicas':<20}{'before':>10}{'most':>10}{'at the end':>12}"
    for found in measured.scaled:
        before, most, after = found.counts
        more = f"  more after {found.more_after:.0f} s" if found.more_after is not None else ""
        yield f"  {found.site:<20}{before:>10}{most:>10}{after:>12}{more or (found.why and f'  {found.why}')}"


def _band_lines(measured: Measurement) -> Iterator[str]:
    """The total's band, narrower than best to worst: at level 1 the switch is in it as it was measured."""
    if (band := measured.failover[-1].band) is not None:
        yield f"  nine of ten with this switch: {band[0]:.1f} to {band[1]:.1f} s; {_SAID[measured.failover[-1].inside]}"


_SAID = {True: "this one too", False: "this one not", None: "this one was not measured"}
