"""Route 53's checkers stay away from a site that was taken out; a replica learns it from their silence alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.server.checkers import Checkers


def visits(checkers: Checkers, *, begin: float, gaps: list[float], rounds: int) -> float:
    """Regular rounds of visits; returns when the last one was."""
    now = begin
    for gap in gaps * rounds:
        now += gap
        checkers.visited(now)
    return now


def test_who_was_never_asked_misses_nobody() -> None:
    checkers = Checkers()
    assert not checkers.have_left(1e9)
    checkers.visited(0.0)
    assert not checkers.have_left(1e9), "one visit says nothing about when the next one is due"


def test_silence_is_noticed_and_ends_with_the_next_visit() -> None:
    checkers = Checkers()
    last = visits(checkers, begin=0.0, gaps=[1.0, 4.0, 2.0, 3.0], rounds=9)
    assert not checkers.have_left(last + 7.9)
    assert checkers.have_left(last + 8.1)
    checkers.visited(last + 120.0)
    assert not checkers.have_left(last + 121.0)
    assert checkers.have_left(last + 128.1), "the drain's own length is not taken for a usual gap"


@given(st.lists(st.floats(0.01, 10.0), min_size=4, max_size=16), st.integers(1, 15))
def test_no_regular_pattern_is_taken_for_silence_at_any_speed_of_the_clock(gaps: list[float], speed: int) -> None:
    checkers = Checkers()
    scaled = [gap / speed for gap in gaps]
    now = visits(checkers, begin=0.0, gaps=scaled, rounds=8)
    for gap in scaled * 2:
        assert not checkers.have_left(now + gap * 0.999)
        now += gap
        checkers.visited(now)
