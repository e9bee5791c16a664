"""Requests are sent only while somebody looks, and what they came to is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from failover.drill.samples import Look
from outlast.page import traffic
from outlast.page.traffic import Client, Traffic


class Clients:
    """Two clients, each of which tells when it was asked; and how often their resources were opened and closed."""

    def __init__(self) -> None:
        self.opened = 0
        self.closed = threading.Event()
        self.asked = {"ttl": threading.Event(), "jvm": threading.Event()}
        self._looks = {"ttl": Look("aws"), "jvm": Look(None, error="ConnectError")}

    def open(self, resources: ExitStack) -> dict[str, Client]:
        self.opened += 1
        resources.callback(self.closed.set)
        return {kind: self._client(kind) for kind in self.asked}

    def _client(self, kind: str) -> Client:
        def ask() -> Look:
            self.asked[kind].set()
            return self._looks[kind]

        return ask


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Clients:
    monkeypatch.setattr(traffic, "EVERY_SECONDS", 0.001)
    return Clients()


def test_nothing_is_opened_before_somebody_looks(clients: Clients) -> None:
    found = Traffic(clients.open)
    assert (found.is_running, found.asked(), clients.opened) == (False, [], 0)


def test_two_viewers_share_the_clients_and_the_last_one_ends_them(clients: Clients) -> None:
    found = Traffic(clients.open)
    found.enter()
    found.enter()
    assert all(asked.wait(10) for asked in clients.asked.values())
    found.leave()
    assert found.is_running and not clients.closed.is_set()
    found.leave()
    assert not found.is_running
    assert clients.closed.wait(10), "connections are closed once the threads have ended"
    assert clients.opened == 1
    asked = found.asked()
    assert {(one.kind, one.site, one.mistake) for one in asked} == {("ttl", "aws", ""), ("jvm", "", "ConnectError")}
    assert [one.at for one in asked] == sorted(one.at for one in asked)


def test_who_comes_back_finds_new_clients(clients: Clients) -> None:
    found = Traffic(clients.open)
    for _ in range(2):
        found.enter()
        found.leave()
    assert clients.opened == 2


class Rounds(threading.Event):
    """A stop that lets a client go round so often; before the last round it is allowed to ask."""

    def __init__(self, rounds: int, allow: Callable[[], None]) -> None:
        super().__init__()
        self._left = rounds
        self._allow = allow

    def wait(self, timeout: float | None = None) -> bool:
        self._left -= 1
        if self._left == 0:
            self._allow()
        return self._left < 0


def test_nobody_is_asked_before_dns_has_a_site(clients: Clients) -> None:
    found = Traffic(clients.open)
    found.allow(False)
    found._ask("ttl", lambda: Look("aws"), Rounds(5, lambda: found.allow(True)))
    assert len(found.asked()) == 1


def test_a_viewer_for_whom_no_client_could_be_opened_is_none() -> None:
    def refuse(_: ExitStack) -> dict[str, Client]:
        raise OSError("no socket is left")

    found = Traffic(refuse)
    with pytest.raises(OSError):
        found.enter()
    assert not found.is_watched and not found.is_running
