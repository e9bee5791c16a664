"""All connections of a server: how many there may be, who makes room for whom, and the sweep that ends slow ones."""

from __future__ import annotations

import asyncio
import math
import resource
from typing import NamedTuple, Protocol

from service.server.settings.table import Settings

IDLE, HEAD, BODY, ANSWER = range(4)  # what a connection is doing: nothing, reading a head, a body, being answered

_SWEEP_SECONDS = 0.5
_ANSWER_SECONDS = 90.0  # longer than any injected latency: an answer that takes this long does not come
_OTHER_FILES = 64  # that the process itself needs: models, logs, sockets of its own, some to spare


class Timed(Protocol):
    """A connection, as far as the sweep knows it. `deadline` is in the loop's seconds."""

    deadline: float

    def expire(self, now: float) -> None:
        """Its deadline has passed."""

    def make_room(self) -> None:
        """End at once: it is idle, and somebody else needs the place."""


class Limits(NamedTuple):
    """What one connection may take: seconds for each phase, by its number, and bytes of a head.

    `most_seconds` is its greatest age, `leaving_seconds` the same while clients should leave.
    """

    seconds: tuple[float, float, float, float]
    max_head_bytes: int
    most_seconds: float = math.inf
    leaving_seconds: float = math.inf


def limits_of(settings: Settings) -> Limits:
    """The limits that settings give."""
    seconds = (settings.idle_seconds, settings.head_seconds, settings.body_seconds, _ANSWER_SECONDS)
    ages = settings.connection_seconds, settings.leaving_connection_seconds
    return Limits(seconds, settings.max_header_bytes, *ages)


class Connections:
    """The open connections of a process."""

    def __init__(self, limit: int, limits: Limits) -> None:
        self.limit = limit
        self.limits = limits
        self._open: set[Timed] = set()
        self.idle: dict[Timed, None] = {}  # in the order in which they fell idle; a connection itself takes it out
        self._sweeping = False

    def __len__(self) -> int:
        return len(self._open)

    @property
    def busy(self) -> int:
        """Connections on which a request is being read or answered."""
        return len(self._open) - len(self.idle)

    def add(self, connection: Timed, loop: asyncio.AbstractEventLoop) -> None:
        """Take a newcomer; beyond the limit whoever has been idle longest makes room, else the newcomer itself goes.

        Each newcomer takes one other place, however many come in one turn of the loop: who has to go leaves the books
        at once, and not only when its socket is closed.
        """
        self._open.add(connection)
        self.idle[connection] = None
        if len(self._open) > self.limit:
            victim = next(iter(self.idle))
            self.remove(victim)
            victim.make_room()
        if not self._sweeping:
            self._sweeping = True
            self._schedule(loop)

    def remove(self, connection: Timed) -> None:
        """Forget a connection."""
        self._open.discard(connection)
        self.idle.pop(connection, None)

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_later(min(_SWEEP_SECONDS, *(limit / 4 for limit in self.limits.seconds)), self._sweep, loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """End what has taken too long. One timer for all connections: a timer for each request would cost more."""
        now = loop.time()
        for connection in list(self._open):
            if now > connection.deadline:
                connection.expire(now)
        self._sweeping = bool(self._open)
        if self._sweeping:
            self._schedule(loop)


def holdable(wanted: int) -> int:
    """How many of `wanted` connections this process can really hold: each is an open file.

    Takes as many files as the system lets this user have.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft - _OTHER_FILES))
