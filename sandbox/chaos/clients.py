"""The clients that watch a fault, of the kinds of `failover.recovery.kinds`, and how each asks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import cycle

import httpx

from failover.client.core import Reach
from failover.client.endpoint import Endpoint
from failover.client.errors import EndpointError
from failover.dial import Dial
from failover.drill.clients import Authority, ClientCache
from failover.drill.probes import ask_golden
from failover.drill.samples import Look
from failover.recovery.kinds import KINDS, ClientKind
from service.bundle.golden import Golden

WATCHING = ("ttl", "pool", "jvm", "browser", "outlast")
"""The kinds that watch: the others differ from one of these by seconds alone."""


@dataclass(frozen=True)
class Around:
    """What every client is given."""

    dial: Dial
    host: str
    golden: Golden
    environ: Mapping[str, str]
    deadline_seconds: float
    resources: ExitStack

    @property
    def headers(self) -> dict[str, str]:
        """The key, where there is one."""
        key = self.environ.get("OUTLAST_API_KEY", "")
        return {"authorization": f"Bearer {key}"} if key else {}

    def open(self, client: httpx.Client) -> httpx.Client:
        """The client, with the key, closed in the end."""
        client.headers.update(self.headers)
        return self.resources.enter_context(client)


@dataclass(frozen=True)
class FlooredAuthority(Authority):
    """A name server behind a cache that keeps every answer for a while (wall seconds), whatever its TTL."""

    floor_seconds: float = 0.0

    def ask(self, host: str, timeout_seconds: float) -> tuple[str | None, int]:
        """The origin, and how long it is kept."""
        origin, ttl = super().ask(host, timeout_seconds)
        return origin, max(ttl, round(self.floor_seconds))


def find_kind(name: str) -> ClientKind:
    """The kind of that name."""
    return next(kind for kind in KINDS if kind.name == name)


def look_as(kind: ClientKind, around: Around) -> tuple[Callable[[], Look], ClientCache | None]:
    """One request by a client of this kind, each time with the next golden row; and what it keeps of DNS."""
    return (_look_by_endpoint(around), None) if kind.tries_others else _look_by_httpx(kind, around)


def look_at(address: str, around: Around) -> Callable[[], Look]:
    """One request to this address, whatever DNS says: its certificate is verified."""
    client = around.open(around.dial.client(address=address, deadline_seconds=around.deadline_seconds))
    return _look_with(client, around)


def _look_by_httpx(kind: ClientKind, around: Around) -> tuple[Callable[[], Look], ClientCache]:
    keeps = max(kind.own_cache_seconds, kind.floor_seconds) / around.dial.speed
    cache = ClientCache(FlooredAuthority("1", around.dial, keeps), around.dial, around.host)
    client = around.dial.client(
        lookup=cache.lookup, fresh=not kind.keeps_connections, deadline_seconds=around.deadline_seconds
    )
    return _look_with(around.open(client), around), cache


def _look_with(client: httpx.Client, around: Around) -> Callable[[], Look]:
    rows = cycle(around.golden.rows)

    def look() -> Look:
        answer = ask_golden(client, around.host, around.golden, next(rows))
        return Look(answer.served_by, answer.error, answer.wrong)

    return look


def _look_by_endpoint(around: Around) -> Callable[[], Look]:
    reach = Reach.from_environment(around.environ)
    endpoint = around.resources.enter_context(
        Endpoint(around.host, around.environ.get("OUTLAST_API_KEY", ""), reach=reach)
    )
    rows = cycle(around.golden.rows)

    def look() -> Look:
        row = next(rows)
        asked = json.loads(around.golden.render_request(row))
        try:
            reply = endpoint.request("POST", around.golden.path, json=asked, idempotent=True)
        except EndpointError as error:
            return Look(None, error=f"{type(error).__name__}: {error.what}"[:200])
        return Look(reply.site, wrong=around.golden.find_mistake(row, reply.body))

    return look


def pinned(look: Callable[[], Look], site: str) -> Callable[[], Look]:
    """A look at one site: that another one answers there is an error."""

    def look_there() -> Look:
        found = look()
        return replace(found, error=f"answered by {found.site}") if found.right and found.site != site else found

    return look_there
