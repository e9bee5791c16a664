"""The zone's answer as a resolver has it: kept for its TTL, and asked for anew when that has run out."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from failover.dial import Dial
from failover.drill.clients import LOOKUP_SECONDS
from outlast.page.view import Zone
from service.errors import Unavailable


class ZoneAnswer:
    """What DNS answers for one host."""

    def __init__(self, dial: Dial, host: str, *, now: Callable[[], float] = time.monotonic) -> None:
        self._dial = dial
        self._host = host
        self._now = now
        self._kept: Zone | None = None

    def ask(self) -> Zone | None:
        """The answer that is kept, or a new one; None where DNS has never answered."""
        kept, now = self._kept, self._now()
        if kept is None or now - kept.at >= kept.ttl_seconds / self._dial.speed:
            with suppress(Unavailable):
                found = self._dial.resolve(self._host, "CNAME", timeout_seconds=LOOKUP_SECONDS)
                origin = found.addresses[0].rstrip(".") if found.addresses else "nothing"
                # The sandbox's server shortens TTLs by its speed, since resolvers count real seconds.
                self._kept = Zone(now, origin, float(found.ttl_seconds * self._dial.speed))
        return self._kept
