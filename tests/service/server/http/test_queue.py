"""The queue's judgement: a burst waits, a queue that stands is shed, and calm lets bursts in again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from service.server.exchange import Exchange
from service.server.http.queue import Desk
from service.server.http.replies import Replies
from service.server.settings.table import Settings

SETTINGS = Settings.from_environment(
    {"OUTLAST_AUTH": "off", "OUTLAST_QUEUE_MILLISECONDS": "4", "OUTLAST_QUEUE_DEPTH": "300"}
)
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
    """A connection, as far as the desk knows it."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop

    def reply(self, exchange: Exchange, keep_alive: bool) -> None:
        pass


class Counter:
    """The desk with its surroundings."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.endpoint = Endpoint(self.loop)
        self.shed = 0
        self.desk = Desk(
            settings=SETTINGS,
            endpoint=self.endpoint,  # type: ignore[arg-type]
            targets={},
            checks={},
            observe=lambda route, status, seconds: None,
            replies=Replies(()),
            clock=self.loop.time,
            latency_seconds=lambda: 0.0,
            on_shed=self.count,
            processor_time=self.loop.time,
        )
        for _ in range(60):  # it has to learn what a request costs
            self.arrive(1)

    def count(self) -> None:
        self.shed += 1

    def arrive(self, count: int) -> int:
        """So many requests at once, then a turn of the loop; how many were taken."""
        client: Any = Client(self.loop)
        exchange = Exchange.__new__(Exchange)
        exchange.body = b"x" * 300
        taken = sum(self.desk.take(client, exchange, True) for _ in range(count))
        self.loop.turn()
        return taken


@pytest.fixture
def counter() -> Counter:
    return Counter()


def test_a_burst_waits(counter: Counter) -> None:
    assert counter.arrive(40) == 40
    assert counter.shed == 0


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
