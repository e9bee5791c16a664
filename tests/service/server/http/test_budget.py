"""Bytes are counted in and out; answers to strangers are put off rather than given as fast as they are asked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.server.http.budget import Budget, Throttle


def test_what_does_not_fit_is_not_counted() -> None:
    budget = Budget(10)
    assert budget.take(6)
    assert not budget.take(5)
    assert budget.take(4)
    budget.give(10)
    assert budget.used_bytes == 0


@given(st.lists(st.floats(0, 0.5, allow_nan=False), min_size=1, max_size=300))
def test_no_more_are_answered_in_any_second_than_burst_and_rate_allow(gaps: list[float]) -> None:
    throttle, now, answered = Throttle(rate=20, burst=5, most_seconds=2), 0.0, []
    for gap in gaps:
        now += gap
        delay = throttle.delay(now)
        assert 0 <= delay <= 2
        if delay < 2:
            answered.append(now + delay)
    for start in answered:
        assert sum(start <= moment < start + 1 for moment in answered) <= 5 + 20 + 1


def test_who_asks_now_and_then_never_waits() -> None:
    throttle = Throttle(rate=20, burst=5, most_seconds=2)
    assert [throttle.delay(second) for second in range(10)] == [0.0] * 10
