from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover.simulator import SPEEDS, ScaledClock
from service.errors import InvalidInput


class Wall:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_life_runs_speed_times_faster() -> None:
    wall = Wall()
    clock = ScaledClock(10, wall=wall)
    began = clock.simulated_now()
    wall.seconds += 3
    assert clock.simulated_now() - began == pytest.approx(30)
    assert clock.to_wall(30) == 3


def test_life_goes_on_from_the_same_moment_at_another_speed() -> None:
    wall = Wall()
    clock = ScaledClock(10, wall=wall)
    wall.seconds += 1
    before = clock.simulated_now()
    clock.set_speed(2)
    assert clock.simulated_now() == before
    wall.seconds += 1
    assert clock.simulated_now() - before == pytest.approx(2)


@pytest.mark.parametrize("speed", [0, -1, 4, 7, 30])
def test_speeds_that_break_ttls_are_refused(speed: int) -> None:
    with pytest.raises(InvalidInput, match="1, 2, 3, 5, 10, 15"):
        ScaledClock(speed)
    with pytest.raises(InvalidInput):
        ScaledClock().set_speed(speed)


@given(st.sampled_from(SPEEDS), st.sampled_from([30, 60, 300, 900, 172_800]))
def test_usual_ttls_stay_whole(speed: int, ttl: int) -> None:
    assert ScaledClock(speed).ttl(ttl) * speed == ttl


@given(st.sampled_from(SPEEDS), st.integers(0, 100))
def test_a_ttl_never_becomes_zero_unless_it_is(speed: int, ttl: int) -> None:
    assert (ScaledClock(speed).ttl(ttl) == 0) == (ttl == 0)
