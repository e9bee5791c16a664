"""What the sandbox counts and measures of each site, in simulated time: the metrics that alarms read. Thread-safe."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

SLICE = 10
"""Simulated seconds that are counted together: an alarm that slides by the minute needs no finer."""
KEPT = 3 * 3600
"""Simulated seconds after which a slice is forgotten."""
_MOST_SINGLE = 500
"""Values of a slice that are kept one by one, for percentiles; of those beyond, every second replaces an older."""

Key = tuple[str, str]  # series, and whose


@dataclass
class Bucket:
    """The values of one slice of time."""

    start: int
    values: list[float]
    count: int = 0
    total: float = 0.0

    def add(self, value: float) -> None:
        if len(self.values) < _MOST_SINGLE:
            self.values.append(value)
        else:
            self.values[self.count % _MOST_SINGLE] = value
        self.count += 1
        self.total += value


class Counts:
    """Series by site. `now` gives simulated seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._series: dict[Key, deque[Bucket]] = {}

    def answer(self, site: str, status: int, seconds: float | None) -> None:
        """One answer of a site; `seconds` None where the load balancer itself gave it.

        One that a replica owed is passed on as 502, and counts as one that was passed on.
        """
        of_replica = seconds is not None
        self.note("answers", site, 1)
        if of_replica or status == 502:
            self.note("requests", site, 1)
        if seconds is not None:
            self.note("seconds", site, seconds)
        if status >= 500:
            self.note("errors", site, 1)
            self.note("replica_errors" if of_replica else "balancer_errors", site, 1)

    def note(self, series: str, of: str, value: float) -> None:
        """One value, at this moment."""
        start = int(self._now() // SLICE) * SLICE
        with self._lock:
            buckets = self._series.setdefault((series, of), deque())
            if not buckets or buckets[-1].start != start:
                buckets.append(Bucket(start, []))
                while buckets[0].start < start - KEPT:
                    buckets.popleft()
            buckets[-1].add(value)

    def measure(self, series: str, of: str, statistic: str, begin: float, end: float) -> float | None:
        """The statistic of the values from `begin` until before `end`; None where there are none."""
        with self._lock:
            kept = [b for b in self._series.get((series, of), ()) if begin <= b.start < end and b.count]
            return compute(statistic, kept)


def compute(statistic: str, buckets: Iterable[Bucket]) -> float | None:
    """`sum`, `count`, `average`, `minimum`, `maximum`, or a percentile such as `p95`; of nothing, None."""
    kept = list(buckets)
    if not kept:
        return None
    count, total = sum(b.count for b in kept), sum(b.total for b in kept)
    if statistic in ("sum", "count", "average"):
        return {"sum": total, "count": float(count), "average": total / count}[statistic]
    values = sorted(value for bucket in kept for value in bucket.values)
    if statistic in ("minimum", "maximum"):
        return values[0] if statistic == "minimum" else values[-1]
    rank = math.ceil(float(statistic.removeprefix("p")) / 100 * len(values))
    return values[max(0, rank - 1)]
