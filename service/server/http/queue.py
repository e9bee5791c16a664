"""The queue between the servers and the endpoint: what one turn of the event loop has read is answered in the next.

Beyond its depth, or beyond the wait that it would mean, a request is shed at once, before its body is even looked at.
A burst may wait longer than a queue that stands: only the latter is overload, and only it would make every answer late.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from service.server.exchange import Exchange

# What a request costs beside its bytes, as bytes: connection, headers, receipt, audit. Only the proportion matters.
_FIXED_COST_BYTES = 1024
_FIRST_SECONDS_PER_BYTE = 1e-7
_BURST = 10  # times the wait that may stand
_BURST_SECONDS = 0.1  # a queue that is longer than may stand for longer than this is no burst
# So many callers at once are no overload, however much each of them asks.
_NEVER_OVERLOAD = 2
_CALM_SECONDS = 0.5  # without a refusal, until bursts are let in again


class Waiter(Protocol):
    """Who waits for an answer: a connection's request, or a task of an ASGI server."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that it runs on."""

    def reply(self, exchange: Exchange) -> None:
        """Take the answer."""


class _Waiting(NamedTuple):
    """A request in the queue, and who waits for its answer."""

    waiter: Waiter
    exchange: Exchange


class RequestQueue:
    """Requests that wait for inference. `give_back` is called with the bytes of each batch once it is answered."""

    def __init__(
        self,
        *,
        depth: int,
        wait_seconds: float,
        answer: Callable[[Sequence[Exchange]], None],
        latency_seconds: Callable[[], float],
        give_back: Callable[[int], None],
        processor_time: Callable[[], float] = time.thread_time,
    ) -> None:
        self.draining = False  # answers tell their clients to go elsewhere
        self._most = depth
        self._wait_seconds = wait_seconds
        self._answer_batch = answer
        self._latency_seconds = latency_seconds
        self._give_back = give_back
        self._queue: list[_Waiting] = []
        self._queued_bytes = 0
        self._seconds_per_byte = _FIRST_SECONDS_PER_BYTE
        self._processor_time = processor_time
        self._standing_since: float | None = None
        self._shedding = False
        self._last_shed = 0.0

    @property
    def depth(self) -> int:
        """Requests waiting for inference."""
        return len(self._queue)

    def take(self, waiter: Waiter, exchange: Exchange) -> bool:
        """Queue a request for the next turn; False when it has to be shed."""
        if not self._queue:
            waiter.loop.call_soon(self._flush, waiter.loop)
        elif len(self._queue) >= self._most or (
            len(self._queue) >= _NEVER_OVERLOAD and self._expected_wait() > self._allowed_wait()
        ):
            self._last_shed = waiter.loop.time()
            return False
        self._queue.append(_Waiting(waiter, exchange))
        self._queued_bytes += len(exchange.body) + _FIXED_COST_BYTES
        return True

    def _expected_wait(self) -> float:
        return self._queued_bytes * self._seconds_per_byte

    def _allowed_wait(self) -> float:
        return self._wait_seconds * (1 if self._shedding else _BURST)

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
        elif self._expected_wait() <= self._wait_seconds:
            self._standing_since = None
        elif self._standing_since is None:
            self._standing_since = now
        elif now - self._standing_since > _BURST_SECONDS:
            self._shedding, self._last_shed = True, now

    def _answer(self, batch: list[_Waiting]) -> None:
        """Compute all answers first, then write them all: a write wakes the client, which then competes for the CPU."""
        self._answer_batch([waiting.exchange for waiting in batch])
        self._give_back(sum(len(waiting.exchange.body) for waiting in batch))
        for waiter, exchange in batch:
            waiter.reply(exchange)
