"""Clients as a drill plays them: a stub cache each, which keeps what DNS answered for as long as DNS said."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from failover.dial import Dial, Resolution
from service.errors import Unavailable

PRIME_TRIES = 500
LOOKUP_SECONDS = 2.0


@dataclass(frozen=True)
class Authority:
    """An authoritative name server, reached by a `Dial` of its own."""

    name: str
    dial: Dial

    def ask(self, host: str, timeout_seconds: float) -> tuple[str | None, int]:
        """The origin that `host` points at, and its TTL as DNS gives it; (None, 0) for an empty answer."""
        found = self.dial.resolve(host, "CNAME", timeout_seconds=timeout_seconds)
        return (found.addresses[0].rstrip(".").lower(), found.ttl_seconds) if found.addresses else (None, 0)


class ClientCache:
    """One client's stub cache: the host's origin is kept for its TTL, and so are the addresses of each origin."""

    def __init__(
        self, authority: Authority, dial: Dial, host: str, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._authority = authority
        self._dial = dial
        self._host = host
        self._now = now
        self._lock = threading.Lock()
        self._origin: tuple[float, str | None] = (0.0, None)
        self._ran_out: float | None = None
        self._addresses: dict[str, tuple[float, Resolution]] = {}

    def lookup(self, host: str) -> Resolution:
        """Addresses for `host`, as `Dial.client` wants them; raises Unavailable when DNS does not answer."""
        with self._lock:
            expires, origin = self._origin
            if origin is None or self._now() >= expires:
                asked = self._now()
                ran_out = asked - expires if origin is not None else 0.0
                origin, ttl = self._authority.ask(self._host, LOOKUP_SECONDS)
                if origin is None:
                    raise Unavailable(f"DNS has no answer for {host}")
                self._origin, self._ran_out = (asked + ttl, origin), ran_out
            return self._resolve_origin(origin)

    def _resolve_origin(self, origin: str) -> Resolution:
        expires, kept = self._addresses.get(origin, (0.0, None))
        if kept is not None and self._now() < expires:
            return kept
        asked = self._now()
        found = self._dial.resolve(origin)
        self._addresses[origin] = (asked + found.ttl_seconds, found)
        return found

    def take_ran_out(self) -> float | None:
        """When DNS was asked anew since the last call: how many seconds earlier the kept answer had run out."""
        with self._lock:
            ran_out, self._ran_out = self._ran_out, None
            return ran_out

    def prime(self, origin_host: str, age: float) -> bool:
        """Become a client that was given `origin_host` some time ago: `age` is the share of the TTL that has passed.

        Asks the real name server until it gives that answer; False when it never does.
        """
        for _ in range(PRIME_TRIES):
            asked = self._now()
            origin, ttl = self._authority.ask(self._host, LOOKUP_SECONDS)
            if origin == origin_host:
                with self._lock:
                    self._origin, self._ran_out = (asked + ttl * (1.0 - age), origin), 0.0
                return True
        return False
