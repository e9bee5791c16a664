"""Whether Route 53 still looks at this replica. A site that was taken out has its health check disabled: nobody asks.

That is how a replica learns that it was drained, by a drill or by a person, without credentials and without a flag to
poll: the requests of the health checkers, which came all the time, stop. What "all the time" means is learnt from their
own gaps, as it depends on how many regions check, on how often, and on how many replicas share them.

Anybody can send a checker's user agent. What nobody but the owner of a health check sees is the reference in it
(repost.aws/knowledge-center/route-53-fix-unwanted-health-checks), so each is learnt by itself, and the most patient one
decides: who makes one up can have this replica wait longer, but not believe that checkers left which still come.
"""

from __future__ import annotations

import math
import re
from collections import deque

USER_AGENT = b"Amazon-Route53-Health-Check-Service"
_REFERENCE = re.compile(rb"\(ref ([\w-]{1,64})[;)]")
_REMEMBERED, _FEWEST = 64, 32  # gaps between visits: several rounds of all checkers, and two before one is believed
_PATIENCE = 2.0  # times the longest of them
_MOST_CHECKS = 16  # more health checks than look at one site; what is beyond is made up
_UNSURE_SECONDS = 60.0  # how long a check counts as coming whose gaps are not known yet
_FORGOTTEN_SECONDS = 3600.0  # who is still here after an hour does not follow DNS: shorter connections change nothing


class _Visits:
    """Those of one health check's checkers."""

    def __init__(self) -> None:
        self.last = -math.inf
        self._gaps: deque[float] = deque(maxlen=_REMEMBERED)
        self._was_away = False

    @property
    def patience(self) -> float | None:
        """After how long a silence they have left; None while too little is known."""
        return _PATIENCE * max(self._gaps) if len(self._gaps) >= _FEWEST else None

    def add(self, now: float) -> None:
        """The silence of a drain is no gap, as it would teach patience; a second long one is how they come by now."""
        gap, known = now - self.last, self.patience
        self._was_away = known is not None and gap > known and not self._was_away
        if not self._was_away and gap < math.inf:
            self._gaps.append(gap)
        self.last = now


class Checkers:
    """The visits of Route 53's health checkers. Times are seconds on any one clock."""

    def __init__(self) -> None:
        self._checks: dict[bytes, _Visits] = {}
        self._unsure_until = -math.inf

    def visited(self, now: float, agent: bytes = b"") -> None:
        """Somebody with a checker's user agent asked for the health."""
        found = _REFERENCE.search(agent)
        reference = found[1] if found else b""
        if reference not in self._checks and len(self._checks) >= _MOST_CHECKS:
            self._forget_one()
        self._checks.setdefault(reference, _Visits()).add(now)

    def have_left(self, now: float) -> bool:
        """Whether they came and have stopped coming."""
        known = [patience for visits in self._checks.values() if (patience := visits.patience) is not None]
        if not known:
            return False
        silence = now - max(visits.last for visits in self._checks.values())
        unsure = any(v.patience is None and now - v.last < _UNSURE_SECONDS for v in self._checks.values())
        return max(known) < silence < _FORGOTTEN_SECONDS and not unsure and now >= self._unsure_until

    def _forget_one(self) -> None:
        """Whoever was here least lately of those who are not known yet, else who would be missed soonest."""
        unknown = [reference for reference, visits in self._checks.items() if visits.patience is None]
        if unknown:
            gone = self._checks.pop(min(unknown, key=lambda reference: self._checks[reference].last))
            self._unsure_until = max(self._unsure_until, gone.last + _UNSURE_SECONDS)
        else:
            del self._checks[min(self._checks, key=lambda reference: self._checks[reference].patience or 0.0)]
