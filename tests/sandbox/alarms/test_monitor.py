"""A metric of so many seconds ago, whatever the two clocks show, and since when an alarm is on."""

from __future__ import annotations

from sandbox.alarms.counts import Counts
from sandbox.alarms.monitor import Monitor
from sandbox.alarms.rule import Measure

WALL, SIMULATED = 1_000_000.0, 5_000.0
REQUESTS = Measure("requests", "aws", "sum", 2.0)


def test_seconds_ago_of_the_asker_are_simulated_ones() -> None:
    at = [SIMULATED - 200.0]
    counts = Counts(lambda: at[0])
    counts.note("requests", "aws", 3.0)
    at[0] = SIMULATED
    monitor = Monitor(counts, dict, lambda: SIMULATED, now=lambda: WALL)
    assert monitor.measure(REQUESTS, WALL - 240.0, WALL - 180.0) == 6.0
    assert monitor.measure(REQUESTS, WALL - 180.0, WALL - 120.0) is None


def test_an_alarm_is_on_since_so_many_seconds() -> None:
    monitor = Monitor(Counts(lambda: SIMULATED), lambda: {"key": SIMULATED - 90.0}, lambda: SIMULATED, now=lambda: WALL)
    assert monitor.alarming() == {"key": WALL - 90.0}
