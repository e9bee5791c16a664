"""What a cloud's monitoring answers to whoever asks it: a metric of a while ago, and the alarms that are on.

Who asks has a real clock, and the metrics are of simulated time: so many seconds ago by that clock are taken for as
many simulated ones, both ways.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from sandbox.alarms.counts import Counts
from sandbox.alarms.rule import Measure


class Monitor:
    """Reads what is counted, and which alarms are on; `alarming` says since when, in simulated seconds."""

    def __init__(
        self,
        counts: Counts,
        alarming: Callable[[], Mapping[str, float]],
        simulated_now: Callable[[], float],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._counts = counts
        self._alarming = alarming
        self._simulated_now = simulated_now
        self._now = now

    def measure(self, measure: Measure, begin: float, end: float) -> float | None:
        """The metric's value from `begin` until before `end`, in Unix time; None where it has none."""
        ahead = self._simulated_now() - self._now()
        found = self._counts.measure(measure.series, measure.of, measure.statistic, begin + ahead, end + ahead)
        return None if found is None else found * measure.scale

    def alarming(self) -> dict[str, float]:
        """The alarms that are on, by the key of their resource: since when, in Unix time."""
        ahead = self._simulated_now() - self._now()
        return {key: since - ahead for key, since in self._alarming().items()}
