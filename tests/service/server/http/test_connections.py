"""Who makes room for whom, and who is ended for having taken too long."""

from __future__ import annotations

import resource
from collections.abc import Callable
from typing import Any

import pytest

from service.server.http.connections import Connections, Limits, holdable


class Loop:
    """A loop whose time stands, and that runs what was put off when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0
        self.later: list[tuple[Callable[..., None], tuple[Any, ...]]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, _seconds: float, call: Callable[..., None], *arguments: Any) -> None:
        self.later.append((call, arguments))

    def sweep(self) -> None:
        due, self.later = self.later, []
        for call, arguments in due:
            call(*arguments)


class Peer:
    """A connection."""

    def __init__(self) -> None:
        self.deadline = 10.0
        self.told: list[str] = []

    def expire(self, now: float) -> None:
        self.told.append(f"expired at {now:g}")
        self.deadline = now + 2

    def make_room(self) -> None:
        self.told.append("made room")


def _crowd(limit: int) -> tuple[Connections, Any]:
    return Connections(limit, Limits((75, 10, 30, 90), 16384)), Loop()


def test_each_newcomer_takes_one_other_place_however_many_come_at_once() -> None:
    crowd, loop = _crowd(100)
    peers = [Peer() for _ in range(116)]
    for peer in peers:
        crowd.add(peer, loop)
    assert len(crowd) == 100
    assert [bool(peer.told) for peer in peers] == [True] * 16 + [False] * 100


def test_where_nobody_is_idle_the_newcomer_goes() -> None:
    crowd, loop = _crowd(1)
    busy, late = Peer(), Peer()
    crowd.add(busy, loop)
    crowd.idle.pop(busy)
    crowd.add(late, loop)
    assert (busy.told, late.told, crowd.busy) == ([], ["made room"], 1)


def test_a_deadline_that_has_passed_is_told_until_the_connection_is_gone() -> None:
    crowd, loop = _crowd(5)
    peer, other = Peer(), Peer()
    other.deadline = 1000.0
    crowd.add(peer, loop)
    crowd.add(other, loop)
    for now in (9.0, 11.0, 12.0, 14.0):
        loop.now = now
        loop.sweep()
    assert (peer.told, other.told) == (["expired at 11", "expired at 14"], [])
    crowd.remove(peer)
    crowd.remove(other)
    loop.sweep()
    assert loop.later == []


@pytest.mark.parametrize(("hard", "held"), [(resource.RLIM_INFINITY, 12000), (256, 192), (20_000, 12000), (10, 1)])
def test_no_more_connections_are_promised_than_files_may_be_open(
    monkeypatch: pytest.MonkeyPatch, hard: int, held: int
) -> None:
    taken: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (min(1024, hard) if hard > 0 else 1024, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: taken.append(limits))
    assert holdable(12000) == held
    assert all(soft <= hard or hard < 0 for soft, _ in taken)
