"""The queue's judgement: a burst waits, a queue that stands is shed, and calm lets bursts in again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from service.server.exchange import Exchange
from service.server.http.queue import RequestQueue

COST_SECONDS = 0.001  # of processor time for each request


class Loop:
    """An event loop in which time passes only by work, and by `pass_time`."""

    def __init__(self) -> None:
        self.now = 0.0
        self._soon: list[tuple[Callable[..., None], tuple[Any, ...]]] = []

    def time(self) -> float:
        return self.now

    def call_soon(self, call: Callable[..., None], *arguments: Any) -> None:
        self._soon.append((call, arguments))

    def turn(self) -> None:
        """One turn: what was scheduled before it."""
        due, self._soon = self._soon, []
        for call, arguments in due:
            call(*arguments)


class Endpoint:
    """Takes a fixed time for each request."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self.answered = 0
        self.cost_seconds = COST_SECONDS

    def answer(self, exchanges: Sequence[Exchange]) -> None:
        self._loop.now += self.cost_seconds * len(exchanges)
        self.answered += len(exchanges)


class Client:
    """Who waits for an answer."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop

    def reply(self, exchange: Exchange) -> None:
        pass


class Counter:
    """The queue with its surroundings."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.endpoint = Endpoint(self.loop)
        self.shed = 0
        self.given_back = 0
        self.queue = RequestQueue(
            depth=300,
            wait_seconds=0.004,
            answer=self.endpoint.answer,
            latency_seconds=lambda: 0.0,
            give_back=self.give_back,
            processor_time=self.loop.time,
        )
        for _ in range(60):  # it has to learn what a request costs
            self.arrive(1)

    def give_back(self, count: int) -> None:
        self.given_back += count

    def arrive(self, count: int) -> int:
        """So many requests at once, then a turn of the loop; how many were taken."""
        client: Any = Client(self.loop)
        exchange = Exchange.__new__(Exchange)
        exchange.body = b"x" * 300
        taken = sum(self.queue.take(client, exchange) for _ in range(count))
        self.shed += count - taken
        self.loop.turn()
        return taken


@pytest.fixture
def counter() -> Counter:
    return Counter()


def test_a_burst_waits(counter: Counter) -> None:
    assert counter.arrive(40) == 40
    assert counter.shed == 0


def test_what_was_answered_gives_back_the_bytes_that_it_held(counter: Counter) -> None:
    counter.arrive(3)
    assert counter.given_back == 300 * counter.endpoint.answered


def test_but_not_one_beyond_ten_times_the_wait_or_the_depth(counter: Counter) -> None:
    assert 38 <= counter.arrive(250) <= 42
    assert counter.shed == 250 - counter.endpoint.answered + 60


def test_a_queue_that_stands_is_cut_to_the_wait_that_may_stand(counter: Counter) -> None:
    taken = [counter.arrive(20) for _ in range(30)]
    assert taken[0] == 20
    assert max(taken[10:]) <= 6
    assert min(taken[10:]) >= 4


def test_calm_lets_bursts_in_again(counter: Counter) -> None:
    for _ in range(30):
        counter.arrive(20)
    for _ in range(20):
        assert counter.arrive(1) == 1
        counter.loop.now += 0.05
    assert counter.arrive(20) == 20


def test_two_callers_are_no_overload_however_much_each_of_them_asks(counter: Counter) -> None:
    counter.endpoint.cost_seconds = 0.2  # fifty times the wait that may stand
    assert [counter.arrive(2) for _ in range(50)] == [2] * 50
    assert counter.arrive(3) == 2
