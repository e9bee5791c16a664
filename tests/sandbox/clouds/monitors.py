"""A monitor for tests: what was counted 220 s ago, and the alarms that a test turns on."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.alarms.counts import Counts
from sandbox.alarms.monitor import Monitor

NOW = 1_764_417_600.0
"""A whole minute; both clocks show it."""
BEGIN, END = NOW - 240.0, NOW - 180.0


@dataclass
class Watched:
    """Counts of the one minute that is asked for, and the keys of alarms that are on."""

    at: float = NOW - 220.0
    on: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.counts = Counts(lambda: self.at)
        self.monitor = Monitor(self.counts, lambda: self.on, lambda: NOW, now=lambda: NOW)

    def answers(self, site: str, good: int, bad: int = 0, seconds: float = 0.25) -> None:
        for status in [200] * good + [500] * bad:
            self.counts.answer(site, status, seconds)
