"""Each address is counted by itself, in the steps in which its cloud looks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from failover.simulator.clock import ScaledClock
from sandbox.network.rates import RateCounter, RateRule

WAF = RateRule("AWS WAF", 10, 60, 10, ("/health",), 429)
ARMOR = RateRule("Cloud Armor", 10, 60, 60, ("/health",), 429)
ONE, OTHER = "127.0.0.2", "127.0.0.3"


class Moving:
    def __init__(self) -> None:
        self.now = 600.0

    def __call__(self) -> float:
        return self.now


def counting(rule: RateRule | None, speed: int = 1) -> tuple[Moving, RateCounter]:
    wall = Moving()
    return wall, RateCounter(rule, ScaledClock(speed, wall=wall))


def ask(counter: RateCounter, times: int, address: str = ONE, path: str = "/predict") -> list[bool]:
    return [counter.refuses(address, path) for _ in range(times)]


def test_a_throttle_refuses_at_once_and_lets_in_again_with_the_next_window() -> None:
    wall, counter = counting(ARMOR)
    assert ask(counter, 12) == [False] * 10 + [True] * 2
    assert counter.limited() == [ONE]
    assert not any(ask(counter, 10, OTHER)), "another address has a count of its own"
    wall.now += 60
    assert counter.limited() == []
    assert ask(counter, 12) == [False] * 10 + [True] * 2, "what was refused did not count"


def test_waf_notices_with_its_next_look_and_forgets_after_its_window() -> None:
    wall, counter = counting(WAF)
    assert not any(ask(counter, 50)), "for up to ten seconds nobody has looked"
    wall.now += 10
    assert ask(counter, 1) == [True] and not any(ask(counter, 1, OTHER))
    assert counter.limited() == [ONE]
    wall.now += 60
    assert ask(counter, 1) == [False]
    assert counter.limited() == []


def test_waf_goes_on_refusing_who_goes_on_asking() -> None:
    wall, counter = counting(WAF)
    ask(counter, 11)
    for _ in range(30):
        wall.now += 10
        assert all(ask(counter, 11)), "refused requests count"


def test_health_checks_are_neither_counted_nor_refused() -> None:
    for rule in (WAF, ARMOR):
        wall, counter = counting(rule)
        assert not any(ask(counter, 100, path="/health"))
        wall.now += 10
        assert not any(ask(counter, 10))
        ask(counter, 10)
        wall.now += 10
        assert not any(ask(counter, 5, path="/health")), "nor while the address is over its limit"


def test_seconds_are_those_of_the_clock() -> None:
    wall, counter = counting(ARMOR, speed=10)
    assert ask(counter, 11)[-1]
    wall.now += 6
    assert not ask(counter, 1)[0]


def test_without_a_rule_nobody_is_limited() -> None:
    _, counter = counting(None)
    assert not any(ask(counter, 1000)) and counter.limited() == []


@given(st.lists(st.tuples(st.floats(0, 30), st.sampled_from([ONE, OTHER])), max_size=80))
def test_who_stays_within_the_limit_is_never_refused(asked: Sequence[tuple[float, str]]) -> None:
    """In no 60 s, however they lie, more than ten: then neither rule has a reason."""
    for rule in (WAF, ARMOR):
        wall, counter = counting(rule)
        kept: dict[str, list[float]] = {ONE: [], OTHER: []}
        for moment, (_, address) in zip(itertools.accumulate(gap for gap, _ in asked), asked, strict=False):
            wall.now = 600.0 + moment
            if sum(now > moment - 70 for now in kept[address]) < 10:
                kept[address].append(moment)
                assert not counter.refuses(address, "/predict")


def test_who_is_gone_takes_no_memory() -> None:
    wall, counter = counting(WAF)
    for number in range(1000):
        counter.refuses(f"127.1.{number // 256}.{number % 256}", "/predict")
    wall.now += 100
    counter.refuses(ONE, "/predict")
    assert len(counter._counts) == 1
