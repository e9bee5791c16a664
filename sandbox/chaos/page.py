"""docs/reference/faults.md from measured rows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.chaos.faults import CHECKS, FAULTS
from sandbox.chaos.row import Row, Window

HEAD = """# Faults, measured

Written by `make chaos`: every fault is made at a site of the sandbox while several kinds of clients ask it, and healed.
What is the simulation's, and what a real cloud's, is in [the sandbox](../concepts/sandbox.md); what the predicted times
are made of, in [recovery time](../concepts/recovery-time.md). All durations are seconds of the sandbox's clock.

"""
FOOT = """
**Noticed**: when DNS stopped naming the site (health checks), or when a probe that is pinned to the site's address and
verifies its certificate had failed three times in a row, or was more than 1.5 s late ten times. Route 53's checks do
not verify certificates: an expired or wrong one is seen by the pinned probe alone, so let that raise an alarm
([a cloud is down](../guides/a-cloud-is-down.md)).

**Predicted**: from the fault to DNS's last answer with the site, best to worst. **Error window**, of each kind of
client: from its first request that failed or was answered wrongly to the last, and how many of how many did; `∞` where
it lasted as long as the fault. Right before the fault every client but `outlast` is given an answer of DNS that names
the site, as in a drill: what is measured is close to the worst, not to the average. **Late**: wrong answers after the
predicted window; those, and empty answers of DNS, have to be 0.

The [kinds of clients](../concepts/recovery-time.md): `ttl` keeps an answer of DNS for its TTL, `jvm` for 30 s,
`browser` for 60 s and its connections, `pool` its connections; `outlast` is `failover.client`, which goes to the next
site.
"""


@dataclass(frozen=True)
class Circumstances:
    """Where and how the rows were measured."""

    speed: int
    date: str
    cores: int
    python: str
    load: tuple[float, float]


def render_page(rows: Sequence[Row], around: Circumstances) -> str:
    """The whole page."""
    kinds = [window.kind for window in rows[0].windows] if rows else []
    low, high = around.load
    lines = [
        f"{around.date}, speed {around.speed}, {around.cores} cores, Python {around.python}; load of the machine "
        f"between {low:.1f} and {high:.1f}. {_summary(rows)}",
        "",
        "| fault | site | noticed by | after | predicted | "
        + " | ".join(f"`{kind}`" for kind in kinds)
        + " | wrong, all / late | empty | restored after |",
        "|---|---|---|---|---|" + "---|" * len(kinds) + "---|---|---|",
        *(_render_row(row) for row in rows),
    ]
    notes = [f"* {row.fault} at {row.site}: {'; '.join(row.mistakes)}." for row in rows if row.mistakes]
    told = ["", "Not as promised:", "", *notes] if notes else ["", "Every row is as promised."]
    return HEAD + "\n".join(lines + told) + "\n" + FOOT


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
    cells = [title, row.site, row.noticed_by, after, predicted, *(_render_window(w) for w in row.windows)]
    return "| " + " | ".join([*cells, f"{wrong} / {row.wrong_late}", str(row.empty), restored]) + " |"


def _render_window(window: Window) -> str:
    if not window.failed and not window.wrong:
        return "0"
    length = "∞" if window.until_healed else f"{window.seconds:.0f}"
    return f"{length} ({window.failed + window.wrong} of {window.requests})"
