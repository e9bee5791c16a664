from __future__ import annotations

import pytest

from sandbox.alarms.counts import KEPT, Counts


class Now:
    """A clock that a test sets."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def now() -> Now:
    return Now()


def test_a_period_holds_what_happened_in_it(now: Now) -> None:
    counts = Counts(now)
    for second in (0, 59, 60, 119, 120):
        now.seconds = second
        counts.note("answers", "aws", 1)
    assert counts.measure("answers", "aws", "sum", 0, 60) == 2
    assert counts.measure("answers", "aws", "sum", 60, 120) == 2
    assert counts.measure("answers", "azure", "sum", 0, 60) is None
    assert counts.measure("answers", "aws", "sum", 180, 240) is None


def test_statistics(now: Now) -> None:
    counts = Counts(now)
    for value in range(1, 101):
        counts.note("seconds", "aws", value / 100)
    found = {name: counts.measure("seconds", "aws", name, 0, 60) for name in ("p95", "p50", "minimum", "maximum")}
    assert found == {"p95": 0.95, "p50": 0.5, "minimum": 0.01, "maximum": 1.0}
    assert counts.measure("seconds", "aws", "count", 0, 60) == 100
    assert counts.measure("seconds", "aws", "average", 0, 60) == pytest.approx(0.505)


def test_percentiles_of_many_values_keep_the_newest_and_counts_keep_all(now: Now) -> None:
    counts = Counts(now)
    for value in [9.0] * 500 + [1.0] * 500:
        counts.note("seconds", "aws", value)
    assert counts.measure("seconds", "aws", "maximum", 0, 60) == 1.0
    assert counts.measure("seconds", "aws", "count", 0, 60) == 1000


def test_who_answered_decides_where_an_error_counts(now: Now) -> None:
    counts = Counts(now)
    counts.answer("aws", 200, 0.01)
    counts.answer("aws", 500, 0.02)
    counts.answer("aws", 503, None)  # no replica
    counts.answer("aws", 502, None)  # a replica that broke off
    found = {name: counts.measure(name, "aws", "sum", 0, 60) for name in ("requests", "answers", "errors")}
    assert found == {"requests": 3, "answers": 4, "errors": 3}
    assert counts.measure("replica_errors", "aws", "sum", 0, 60) == 1
    assert counts.measure("balancer_errors", "aws", "sum", 0, 60) == 2


def test_what_is_old_is_forgotten(now: Now) -> None:
    counts = Counts(now)
    counts.note("answers", "aws", 1)
    now.seconds = KEPT + 100
    counts.note("answers", "aws", 1)
    assert counts.measure("answers", "aws", "sum", 0, 60) is None
