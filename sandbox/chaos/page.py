"""docs/reference/faults.md from measured rows. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.chaos.faults import CHECKS, FAULTS
from sandbox.chaos.row import NotMade, Row, Window

HEAD = """# Faults, measured

Written by `make chaos`: every fault is made at a site of the sandbox while several kinds of clients ask it, and healed.
What is the simulation's, and what a real cloud's, is in [the sandbox](../concepts/sandbox.md); what the predicted times
are made of, in [recovery time](../concepts/recovery-time.md). All durations are seconds of the sandbox's clock.

"""
FOOT = """
## What the columns say

**Noticed**: when DNS stopped naming the site (health checks), or when a probe that is pinned to the site's address and
verifies its certificate had failed three times in a row, or was more than 1.5 s late ten times. Route 53's checks do
not verify certificates: an expired or wrong one is seen by the pinned probe alone, so let that raise an alarm
([a cloud is down](../guides/a-cloud-is-down.md)).

**Predicted**: from the fault to DNS's last answer with the site, best to worst. **Error window**, of each kind of
client: from its first request that failed or was answered wrongly to the last, and how many of how many did; `∞` where
it lasted as long as the fault. Right before the fault every client but `outlast` is given an answer of DNS that names
the site, as in a drill: what is measured is close to the worst, not to the average. **Late**: wrong answers after the
predicted window; those, and empty answers of DNS, have to be 0.

**With Spot**: a site of AWS with `outlast:spotAbove`, scaled above `minReplicas` for as long as the row takes, so that
a task is on Spot. Nobody has to notice when it is taken back: those on demand carry on. No answer may be wrong, and one
request in a hundred may fail. Container Apps and Cloud Run have no such capacity for what serves.

The [kinds of clients](../concepts/recovery-time.md): `ttl` keeps an answer of DNS for its TTL, `jvm` for 30 s
on top of that, `browser` for 60 s and its connections, `pool` its connections; `outlast` is `failover.client`, which
goes to the next site.
"""

_SECTION = re.compile(r"## (?P<site>[^,\n]+), speed (?P<speed>\d+)\n")


@dataclass(frozen=True)
class Circumstances:
    """Where and how the rows were measured, and what could not be: `not_made`.

    `differences` is in what the sites differed when all was healed.
    """

    speed: int
    date: str
    cores: int
    python: str
    load: tuple[float, float]
    differences: tuple[str, ...] = ()
    not_made: tuple[NotMade, ...] = ()


def render_page(rows: Sequence[Row], around: Circumstances, before: str = "") -> str:
    """The whole page. Of `before`, the page that it replaces, the tables of other sites and speeds stay."""
    tables = _read_sections(before)
    for place in dict.fromkeys(row.place for row in rows):
        tables[around.speed, place] = _render_section(place, [row for row in rows if row.place == place], around)
    return HEAD + "\n".join(tables[key] for key in sorted(tables, key=lambda key: (-key[0], key[1]))) + FOOT


def _read_sections(page: str) -> dict[tuple[int, str], str]:
    """The table of each speed and place that a page has, with all that belongs to it."""
    parts = ((_SECTION.match(part), part) for part in re.split(r"(?m)^(?=## )", page))
    return {(int(match["speed"]), match["site"]): part.rstrip() + "\n" for match, part in parts if match}


def _render_section(place: str, rows: Sequence[Row], around: Circumstances) -> str:
    kinds = [window.kind for window in rows[0].windows]
    low, high = around.load
    lines = [
        f"## {place}, speed {around.speed}",
        "",
        f"{around.date}, {around.cores} cores, Python {around.python}; load of the machine between {low:.1f} and "
        f"{high:.1f}. {_summary(rows)}",
        "",
        "| fault | noticed by | after | predicted | "
        + " | ".join(f"`{kind}`" for kind in kinds)
        + " | wrong, all / late | empty | restored after |",
        "|---|---|---|---|" + "---|" * len(kinds) + "---|---|---|",
        *(_render_row(row) for row in rows),
    ]
    notes = [f"* {row.fault}: {'; '.join(row.mistakes)}." for row in rows if row.mistakes]
    told = ["", "Not as promised:", "", *notes] if notes else ["", "Every row is as promised."]
    left_out = [f"Not made: {one.fault}, because {one.why}." for one in around.not_made if one.site == place]
    paragraphs = [*left_out, _tell_parity(around)]
    return "\n".join([*lines, *told, *(line for one in paragraphs for line in ("", one))]) + "\n"


def _tell_parity(around: Circumstances) -> str:
    asked = "Afterwards every site was asked the same (`outlast parity`)"
    return f"{asked}, and {'; '.join(around.differences) if around.differences else 'all answered alike'}."


def _summary(rows: Sequence[Row]) -> str:
    good = sum(not row.mistakes for row in rows)
    failed = sum(window.failed + window.wrong for row in rows for window in row.windows)
    asked = sum(window.requests for row in rows for window in row.windows)
    return f"{good} of {len(rows)} rows are as promised; {failed} of {asked} requests failed or were answered wrongly."


def _render_row(row: Row) -> str:
    title = next(fault.title for fault in FAULTS if fault.name == row.fault)
    after = "" if row.noticed_after is None else f"{row.noticed_after:.0f}"
    predicted = f"{row.predicted[0]:.0f} to {row.predicted[1]:.0f}" if row.expected == CHECKS else ""
    wrong = sum(window.wrong for window in row.windows)
    restored = "never" if row.restored_after is None else f"{row.restored_after:.0f}"
    cells = [title, row.noticed_by, after, predicted, *(_render_window(w) for w in row.windows)]
    return "| " + " | ".join([*cells, f"{wrong} / {row.wrong_late}", str(row.empty), restored]) + " |"


def _render_window(window: Window) -> str:
    if not window.failed and not window.wrong:
        return "0"
    length = "∞" if window.until_healed else f"{window.seconds:.0f}"
    return f"{length} ({window.failed + window.wrong} of {window.requests})"
