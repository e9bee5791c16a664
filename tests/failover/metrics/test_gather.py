"""Each site is asked until its replicas were seen or the time is up, once a second at most."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

import pytest

from failover.metrics.gather import INTERVAL_SECONDS, gather
from service.errors import Unavailable
from tests.failover.metrics.test_exposition import text


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def take_turns(*replicas: str) -> Callable[[str], str]:
    turns, count = itertools.cycle(replicas), itertools.count(1)
    return lambda site: text(next(turns), next(count))


def run(ask: Callable[[str], str], declared: int | None, seconds: float = 10) -> tuple[list[str], str, float]:
    fake = Time()
    found, (coverage,) = gather(ask, {"aws": declared}, seconds, clock=fake.clock, sleep=fake.sleep)
    return [source.replica for source in found], str(coverage), fake.now


def test_it_ends_when_all_were_seen() -> None:
    assert run(take_turns("a", "a", "b"), 2) == (["a", "b"], "aws: 2 of 2 replicas seen", 2 * INTERVAL_SECONDS)


def test_the_latest_text_of_a_replica_counts() -> None:
    fake = Time()
    found, _ = gather(take_turns("a", "a", "b"), {"aws": 2}, 10, clock=fake.clock, sleep=fake.sleep)
    assert [text.count(" 2\n") for text in found.values()] == [4, 0]


def test_a_replica_that_never_answers_is_missed_when_the_time_is_up() -> None:
    assert run(take_turns("a"), 2, seconds=3) == (["a"], "aws: 1 of 2 replicas seen", 3.0)


def test_without_a_number_the_whole_time_is_used() -> None:
    found, told, took = run(take_turns("a", "b"), None, seconds=2)
    assert (found, told) == (["a", "b"], "aws: 2 of an unknown number of replicas seen")
    assert took == 2.0


def test_ctrl_c_ends_the_asking_of_every_site() -> None:
    asked = itertools.count(1)

    def ask(site: str) -> str:
        if site == "aws":
            raise KeyboardInterrupt
        assert next(asked) < 10_000, "it goes on asking"
        raise Unavailable("does not answer")

    with pytest.raises(KeyboardInterrupt):
        gather(ask, {"aws": 1, "gcp": 1}, 1e9, sleep=lambda seconds: time.sleep(0.001))


def test_no_time_is_one_question() -> None:
    assert run(take_turns("a", "b"), None, seconds=0)[0] == ["a"]


def test_a_site_that_does_not_answer_says_why_and_a_later_answer_forgives_it() -> None:
    def refuse(site: str) -> str:
        raise Unavailable("answers 503")

    assert run(refuse, 1, seconds=1)[1] == "aws: 0 of 1 replicas seen (answers 503)"
    turns = iter([True, False])

    def flicker(site: str) -> str:
        return refuse(site) if next(turns) else text("a", 1)

    assert run(flicker, 1)[1] == "aws: 1 of 1 replicas seen"
