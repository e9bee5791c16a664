"""A stack's promise held against its drills: when each site was last lost on purpose, and how quickly. Pure.

A drill counts for a site when it passed and its journal is whole: chained, unchanged, sealed. Any other proves nothing
to somebody who was not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from failover.drill.report import NOT_MEASURED, PASSED
from failover.evidence.shelf import Filed


@dataclass(frozen=True)
class Promise:
    """How often each site is drilled, and within how many seconds traffic has left it; None: nothing is promised."""

    every_days: int | None = None
    rto_seconds: float | None = None


@dataclass(frozen=True)
class SiteHistory:
    """One site: the latest drill that counts, the latest at all, and what breaks the promise."""

    site: str
    passed: Filed | None
    latest: Filed | None
    due: datetime | None
    findings: tuple[str, ...]


def judge_history(
    drills: Iterable[Filed], sites: Sequence[str], promise: Promise, now: datetime, *, host: str = ""
) -> list[SiteHistory]:
    """What the drills say of each site; `sites` are those that have to be drilled, with those that ever were."""
    # Where a site was only held out for another tool there is nothing that could have passed.
    measured = (each for each in drills if each.verdict != NOT_MEASURED)
    dated = [each for each in measured if each.utc is not None and host in ("", each.host)]
    known = dict.fromkeys([*sites, *(name for each in dated for name in (*each.sites, each.lost))])
    of_site = {site: sorted((each for each in dated if each.lost == site), key=_moment) for site in known}
    return [_judge_site(site, found, promise, now) for site, found in of_site.items()]


def _moment(drill: Filed) -> datetime:
    assert drill.utc is not None, "undated drills were left out"
    return drill.utc


def _judge_site(site: str, drills: Sequence[Filed], promise: Promise, now: datetime) -> SiteHistory:
    passed = next((each for each in reversed(drills) if each.verdict == PASSED and each.whole), None)
    latest = drills[-1] if drills else None
    due = _moment(passed) + timedelta(days=promise.every_days) if passed and promise.every_days else None
    findings = tuple(_find(site, passed, latest, due, promise, now))
    return SiteHistory(site, passed, latest, due, findings)


def _find(
    site: str, passed: Filed | None, latest: Filed | None, due: datetime | None, promise: Promise, now: datetime
) -> Iterator[str]:
    if passed is None:
        yield f"{site}: no drill of it has passed" + (f"; the latest {_why_not(latest)}" if latest else "")
        return
    if due is not None and now > due:
        days = (now - _moment(passed)).days
        yield f"{site}: its last passed drill is {days} days old, and one every {promise.every_days} days is promised"
    if latest is not passed and latest is not None:
        yield f"{site}: the latest drill, of {_moment(latest):%Y-%m-%d}, {_why_not(latest)}"
    measured, promised = passed.recovery_seconds, promise.rto_seconds
    if promised is not None and (measured is None or measured > promised):
        seen = "was not seen to leave it" if measured is None else f"left it in {measured:.1f} s"
        yield f"{site}: traffic {seen}, and {promised:g} s are promised"


def _why_not(drill: Filed) -> str:
    if drill.verdict != PASSED:
        return f"is {drill.verdict}"
    return f"passed, but its journal proves nothing: {drill.chain}"
