"""Refusals in numbers: beyond a rate they are summed up per second and caller, so that nobody can fill the log."""

from __future__ import annotations

import math
import threading
from collections import Counter
from typing import Any

_ALONE_A_SECOND = 10  # refusals a second that get a record each
_MOST_CALLERS = 32  # told apart in one second; the others are one together
OTHERS = "others"


class Refusals:
    """Counted on the event loop, taken by the log's thread. Times are Unix seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[int, str]] = Counter()
        self._since = -math.inf
        self._second = -1
        self._alone = 0

    def may_stand_alone(self, now: float) -> bool:
        """Whether one more refusal may have a record of its own."""
        if int(now) != self._second:
            self._second, self._alone = int(now), 0
        self._alone += 1
        return self._alone <= _ALONE_A_SECOND

    def count(self, status: int, caller: str) -> None:
        """Count one: `caller` is the name of a key, or an address."""
        with self._lock:
            known = (status, caller) in self._counts or len(self._counts) < _MOST_CALLERS
            self._counts[status, caller if known else OTHERS] += 1

    def due(self, now: float) -> bool:
        """Whether there is something to take."""
        return bool(self._counts) and not 0 <= now - self._since < 1

    def take(self, now: float, *, everything: bool = False) -> list[dict[str, Any]]:
        """The records of the last second, one for each status and caller; none before it is over."""
        if not everything and not self.due(now):
            return []
        with self._lock:
            counts, self._counts = self._counts, Counter()
        self._since = now
        return [
            {"kind": "refused", "time": now, "status": status, "caller": caller, "count": count}
            for (status, caller), count in sorted(counts.items())
        ]
