"""The kinds of clients that hold on to a site for longer than a TTL, as a drill and `make chaos` play them.

    kind-NAME-N   one request after the other, as a client of this kind of `failover.recovery.kinds` would send them

What such a client keeps of DNS is played in layers, as it is in life: its resolver keeps an answer for its TTL, or for
the floor that a browser gives it, and a runtime like Java's keeps on top of that whatever it was told.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import Any, Protocol

import httpx

from failover.client.core import Reach
from failover.client.endpoint import Endpoint
from failover.client.errors import EndpointError
from failover.dial import Dial, Resolution, authorise
from failover.drill.clients import Authority, ClientCache
from failover.drill.probes import ask_golden
from failover.drill.samples import Look
from failover.recovery.kinds import ClientKind
from service.bundle.golden import Golden


@dataclass(frozen=True)
class Around:
    """What every client is given."""

    dial: Dial
    host: str
    golden: Golden
    api_key: str
    deadline_seconds: float
    resources: ExitStack
    authority: Authority

    def open(self, client: httpx.Client) -> httpx.Client:
        """The client, with the key."""
        client.headers.update(authorise(self.api_key))
        return client


@dataclass(frozen=True)
class FlooredAuthority(Authority):
    """A name server behind a cache that keeps every answer for a while (real seconds), whatever its TTL."""

    floor_seconds: float = 0.0

    def ask(self, host: str, timeout_seconds: float) -> tuple[str | None, int]:
        """The origin, and how long it is kept."""
        origin, ttl = super().ask(host, timeout_seconds)
        return origin, max(ttl, round(self.floor_seconds))


class Primable(Protocol):
    """A client that can be made one which DNS has sent to a site."""

    def prime(self, origin_host: str, age: float) -> bool: ...


class OwnCache:
    """A runtime's own cache above its resolver's: it keeps an answer for `seconds` of real time, whatever the TTL."""

    def __init__(self, below: ClientCache, seconds: float, *, now: Callable[[], float] = time.monotonic) -> None:
        self._below = below
        self._seconds = seconds
        self._now = now
        self._lock = threading.Lock()
        self._kept: tuple[float, Resolution] | None = None

    def lookup(self, host: str) -> Resolution:
        """Addresses for `host`, as `Dial.client` wants them."""
        with self._lock:
            if self._kept is None or self._now() >= self._kept[0]:
                self._kept = (self._now() + self._seconds, self._below.lookup(host))
            return self._kept[1]

    def prime(self, origin_host: str, age: float) -> bool:
        """Become a client that was given `origin_host` some time ago, as its resolver was."""
        if not self._below.prime(origin_host, age):
            return False
        with self._lock:
            self._kept = (self._now() + self._seconds * (1.0 - age), self._below.lookup(origin_host))
        return True


@dataclass
class Player:
    """A client of one kind: `look` is its next request. `prime` makes it one that was sent to a site a while ago."""

    look: Callable[[], Look]
    cache: ClientCache | OwnCache | None = None
    forget: Callable[[], None] | None = None

    def prime(self, origin_host: str, age: float) -> bool:
        """Be told this site by DNS, and connect to it anew; one that asks DNS by itself stays as it is."""
        told = self.cache is None or self.cache.prime(origin_host, age)
        if self.forget is not None:
            self.forget()
        return told


def play(kind: ClientKind, around: Around) -> Player:
    """A client of this kind, which asks for one golden row after the other."""
    return Player(_look_by_endpoint(around)) if kind.tries_others else _play_by_httpx(kind, around)


def _play_by_httpx(kind: ClientKind, around: Around) -> Player:
    speed = around.dial.speed
    floored = FlooredAuthority(around.authority.name, around.authority.dial, kind.floor_seconds / speed)
    below = ClientCache(floored, around.dial, around.host)
    cache = OwnCache(below, kind.own_cache_seconds / speed) if kind.own_cache_seconds else below
    client = _Renewed(around, cache.lookup, fresh=not kind.keeps_connections)
    around.resources.callback(client.close)
    return Player(_look_with(client.get, around), cache, client.forget)


class _Renewed:
    """An HTTP client that is replaced, with its connections, by whoever uses it next after `forget`."""

    def __init__(self, around: Around, lookup: Callable[[str], Resolution], *, fresh: bool) -> None:
        self._around = around
        self._open = partial(around.dial.client, lookup=lookup, fresh=fresh, deadline_seconds=around.deadline_seconds)
        self._client = around.open(self._open())
        self._stale = threading.Event()

    def get(self) -> httpx.Client:
        if self._stale.is_set():
            self._stale.clear()
            self._client.close()
            self._client = self._around.open(self._open())
        return self._client

    def forget(self) -> None:
        self._stale.set()

    def close(self) -> None:
        self._client.close()


def _look_with(client: Callable[[], httpx.Client], around: Around) -> Callable[[], Look]:
    rows = cycle(around.golden.rows)

    def look() -> Look:
        answer = ask_golden(client(), around.host, around.golden, next(rows))
        return Look(answer.served_by, answer.error, answer.wrong)

    return look


def look_at(address: str, around: Around) -> Callable[[], Look]:
    """One request to this address, whatever DNS says: its certificate is verified."""
    client = around.open(around.dial.client(address=address, deadline_seconds=around.deadline_seconds))
    around.resources.callback(client.close)
    return _look_with(lambda: client, around)


def _look_by_endpoint(around: Around) -> Callable[[], Look]:
    endpoint = around.resources.enter_context(Endpoint(around.host, around.api_key, reach=_reach(around.dial)))
    rows = cycle(around.golden.rows)

    def look() -> Look:
        row = next(rows)
        asked: Any = json.loads(around.golden.render_request(row))
        try:
            reply = endpoint.request("POST", around.golden.path, json=asked, idempotent=True)
        except EndpointError as error:
            return Look(None, error=f"{type(error).__name__}: {error.what}"[:200])
        return Look(reply.site, wrong=around.golden.find_mistake(row, reply.body))

    return look


def _reach(dial: Dial) -> Reach:
    """The same way to every site as the drill's other clients take."""
    return Reach(dial.nameserver, 53 + dial.port_offset, 443 + dial.port_offset, dial.ca_file)
