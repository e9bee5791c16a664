"""The queue between the connections and the endpoint: what one turn of the event loop has read is answered in the next.

Beyond its depth, or beyond the wait that it would mean, a request is answered 503 at once, before its body is even
looked at. A burst may wait longer than a queue that stands: only the latter is overload, and only it would make every
answer late.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from service.server.endpoint import Endpoint
from service.server.exchange import Exchange, Target
from service.server.http.replies import Replies
from service.server.runtime import Check
from service.server.settings.table import Settings

if TYPE_CHECKING:
    from service.server.http.connection import Connection

_SWEEP_SECONDS = 0.5
# What a request costs beside its bytes, as bytes: connection, headers, receipt, audit. Only the proportion matters.
_FIXED_COST_BYTES = 1024
_FIRST_SECONDS_PER_BYTE = 1e-7
_BURST = 10  # times the wait that may stand
_BURST_SECONDS = 0.1  # a queue that is longer than may stand for longer than this is no burst
# So many callers at once are no overload, however much each of them asks.
_NEVER_OVERLOAD = 2
_CALM_SECONDS = 0.5  # without a refusal, until bursts are let in again


class _Waiting(NamedTuple):
    """A request in the queue, and the connection that waits for its answer."""

    connection: Connection
    exchange: Exchange
    keep_alive: bool


class Desk:
    """What all connections of a server share: the queue, the limits, and the clock that ends slow clients."""

    def __init__(
        self,
        *,
        settings: Settings,
        endpoint: Endpoint,
        targets: Mapping[str, Target],
        checks: Mapping[str, Check],
        observe: Callable[[str, int, float], None],
        replies: Replies,
        clock: Callable[[], float],
        latency_seconds: Callable[[], float],
        on_shed: Callable[[], None],
        processor_time: Callable[[], float] = time.thread_time,
    ) -> None:
        self.settings = settings
        self.targets = {path.encode(): target for path, target in targets.items()}
        self.checks = {path.encode(): check for path, check in checks.items()}
        self.replies = replies
        self.observe = observe  # route, status and seconds of what the endpoint has not counted itself
        self.clock = clock
        self.draining = False  # answers tell their clients to go elsewhere
        self.closing = False  # nobody is accepted any more
        self.idle: dict[Connection, None] = {}  # in the order in which they fell idle
        self.connections: set[Any] = set()
        self._endpoint = endpoint
        self._latency_seconds = latency_seconds
        self._on_shed = on_shed
        self._queue: list[_Waiting] = []
        self._queued_bytes = 0
        self._seconds_per_byte = _FIRST_SECONDS_PER_BYTE
        self._processor_time = processor_time
        self._standing_since: float | None = None
        self._shedding = False
        self._last_shed = 0.0
        self._sweeping = False

    @property
    def depth(self) -> int:
        """Requests waiting for inference."""
        return len(self._queue)

    @property
    def in_flight(self) -> int:
        """Connections whose request is being answered. Counted when asked for, not at every request."""
        return sum(1 for connection in self.connections if connection.busy)

    def take(self, connection: Connection, exchange: Exchange, keep_alive: bool) -> bool:
        """Queue a request for the next turn; False when it has to be shed."""
        if not self._queue:
            connection.loop.call_soon(self._flush, connection.loop)
        elif len(self._queue) >= self.settings.queue_depth or (
            len(self._queue) >= _NEVER_OVERLOAD and self._expected_wait() > self._allowed_wait()
        ):
            self._last_shed = connection.loop.time()
            self._on_shed()
            return False
        self._queue.append(_Waiting(connection, exchange, keep_alive))
        self._queued_bytes += len(exchange.body) + _FIXED_COST_BYTES
        return True

    def _expected_wait(self) -> float:
        return self._queued_bytes * self._seconds_per_byte

    def _allowed_wait(self) -> float:
        return self.settings.queue_seconds * (1 if self._shedding else _BURST)

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        self._judge_queue(loop.time())
        batch, cost = self._queue, self._queued_bytes
        self._queue, self._queued_bytes = [], 0
        if delay := self._latency_seconds():
            loop.call_later(delay, self._answer, batch)
            return
        # Our own processor time: what a neighbour on the machine takes is no reason to turn callers away.
        started = self._processor_time()
        self._answer(batch)
        # The newest batch counts a fifth: quick to follow a larger model, deaf to one hiccup.
        self._seconds_per_byte += 0.2 * ((self._processor_time() - started) / cost - self._seconds_per_byte)

    def _judge_queue(self, now: float) -> None:
        """Tell a burst from overload: shed once a long queue has stood for a while, until nothing had to be shed."""
        if self._shedding:
            self._shedding = now - self._last_shed < _CALM_SECONDS
            self._standing_since = None
        elif self._expected_wait() <= self.settings.queue_seconds:
            self._standing_since = None
        elif self._standing_since is None:
            self._standing_since = now
        elif now - self._standing_since > _BURST_SECONDS:
            self._shedding, self._last_shed = True, now

    def _answer(self, batch: list[_Waiting]) -> None:
        """Compute all answers first, then write them all: a write wakes the client, which then competes for the CPU."""
        self._endpoint.answer([waiting.exchange for waiting in batch])
        for connection, exchange, keep_alive in batch:
            connection.reply(exchange, keep_alive and not self.draining)

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the sweep; it runs while there are connections."""
        if not self._sweeping:
            self._sweeping = True
            self._schedule(loop)

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        limits = (self.settings.head_seconds, self.settings.body_seconds, self.settings.idle_seconds)
        loop.call_later(min(_SWEEP_SECONDS, *(limit / 4 for limit in limits)), self._sweep, loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """End what has taken too long. One timer for all connections: a timer for each request would cost more."""
        now = loop.time()
        for connection in list(self.connections):
            connection.check_time(now)
        self._sweeping = bool(self.connections)
        if self._sweeping:
            self._schedule(loop)
