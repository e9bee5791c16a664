"""A site that died while it was out of DNS is given back last: a check that counts again is healthy until it fails.

Given back at once, a dead site would be named for the half minute that its checkers need. So the drill asks it directly
before the undo, and waits: until it answers right, until the drill's own expiry, or until a signal asks for the undo.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from failover.drill.aborts import Stop
from failover.drill.clock import WallClock
from failover.drill.journal import Journal
from failover.drill.observers import Watch
from failover.drill.samples import SITE, Tally
from failover.drill.streaks import STREAK

_TICK_SECONDS = 0.5  # real time


@dataclass(frozen=True)
class LostSite:
    """The site that a drill holds away, as its pinned observer sees it; `failures` in a row are its death."""

    name: str
    watch: Watch
    failures: int

    @property
    def death(self) -> str:
        """Why it does not answer right, asked directly; "" where it does, or where nobody asks it."""
        last = self._tally.last
        dead = last is not None and self._tally.failing >= self.failures
        return (last.error or last.wrong) if dead and last else ""

    @property
    def answers(self) -> bool:
        """Whether it has answered right for a while."""
        return self._tally.right >= STREAK

    @property
    def _tally(self) -> Tally:
        return self.watch.tallies(SITE).get(SITE + self.name, Tally())


def hold_back(
    site: LostSite, journal: Journal, clock: WallClock, stop: Stop, say: Callable[[str], None], *, until: datetime
) -> None:
    """Return once the site may be given back: at once where it never died."""
    if not site.death:
        return
    journal.note("held-back", site=site.name, why=site.death)
    ends = f"when it answers right, or at {until:%H:%M:%S} UTC, or at once with a signal"
    say(f"{site.name} DIED while it was out ({site.death}): it is given back {ends}")
    asked = stop.requests
    while not site.answers and clock.utc() < until and stop.requests == asked:
        clock.sleep(_TICK_SECONDS)
    journal.note("given-back", site=site.name, answers=site.answers)
    say(f"{site.name} {'answers right again' if site.answers else 'is given back, although it does not answer right'}")
