"""Whether Route 53 still looks at this replica. A site that was taken out has its health check disabled: nobody asks.

That is how a replica learns that it was drained, by a drill or by a person, without credentials and without a flag to
poll: the requests of the health checkers, which came all the time, stop. What "all the time" means is learnt from their
own gaps, as it depends on how many regions check, on how often, and on how many replicas share them.
"""

from __future__ import annotations

import math
from collections import deque

USER_AGENT = b"Amazon-Route53-Health-Check-Service"
_REMEMBERED, _FEWEST = 64, 32  # gaps between visits: several rounds of all checkers, and two before one is believed
_PATIENCE = 2.0  # times the longest of them


class Checkers:
    """The visits of Route 53's health checkers. Times are seconds on any one clock."""

    def __init__(self) -> None:
        self._gaps: deque[float] = deque(maxlen=_REMEMBERED)
        self._last: float | None = None
        self._missed_at = math.inf

    def visited(self, now: float) -> None:
        """One of them asked for the health. The silence of a drain is no gap: it would teach patience."""
        if self._last is not None and now < self._missed_at:
            self._gaps.append(now - self._last)
        self._last = now
        self._missed_at = now + _PATIENCE * max(self._gaps) if len(self._gaps) >= _FEWEST else math.inf

    def have_left(self, now: float) -> bool:
        """Whether they came and have stopped coming."""
        return now > self._missed_at
