"""uvicorn's HTTP/1.1 connection with limits on what a client may cost: bytes, seconds, answers that it leaves unread.

Pipelining, keep-alive, flow control, shutdown and ASGI are uvicorn's. The names of uvicorn that this leans on are
pinned by a test.
"""

from __future__ import annotations

import random
from functools import partial
from typing import Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import is_ssl

from service.server.exchange import Exchange
from service.server.http.connections import ANSWER, BODY, HEAD, IDLE, Connections
from service.server.http.heads import Trailers, explain, measure_head, without_offer
from service.server.http.intake import Intake, over_budget
from service.server.http.replies import Replies
from service.server.models import internal_error
from service.server.protocol.problems import (
    HEADERS_TOO_LARGE,
    INVALID_HTTP,
    SLOW_REQUEST,
    WRONG_METHOD,
    Problem,
    media_type,
)

_LINGER_SECONDS = 2.0  # a refused client may still be sending; closing at once would take the refusal with it
_LAST_CHANCE_SECONDS = 0.5  # of one that was just accepted while the server stops: its request is on the way
_MOST_PIPELINED = 32
# Of answers that a client leaves unread may be there before no more is read from it, and they count for the budget.
# (uvloop's TLS never goes on with a connection that it has stopped for a few bytes.)
_UNREAD_BYTES, _UNREAD_TLS_BYTES = 1, 16384
_HEADER_BYTES = 150  # that the objects of one header take beside its text
_YOUNGEST_SHARE = 0.75  # of the greatest age: connections that were opened together must not all end together
_CLOSE = (b"connection", b"close")
_TRAILERS = Trailers()


async def _send(cycle: Any, send: Any, message: Any) -> None:
    """An ASGI application's `send`. uvicorn tells the last request alone that its client has gone, not those before.

    Nor does it say that an answer is the last one of its connection: without a word the client's next request meets the
    end of it.
    """
    if message["type"] == "http.response.start" and not cycle.keep_alive:
        message = {**message, "headers": [*message["headers"], _CLOSE]}
    if cycle.flow.write_paused and not cycle.disconnected:
        await cycle.flow.drain()
    cycle.disconnected = cycle.disconnected or cycle.transport.is_closing()
    await send(message)


class LimitedConnection(HttpToolsProtocol):
    """One client's connection. Each of its states has a deadline, which the sweep of `Connections` holds it to."""

    intake: ClassVar[Intake]
    replies: ClassVar[Replies]
    crowd: ClassVar[Connections]
    cycle: Any

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.deadline = self._made = self.loop.time()
        self._share = random.uniform(_YOUNGEST_SHARE, 1.0)
        self._phase = self._timed = IDLE
        self._unread = 0  # bytes since the last one of a body, or of a message: what only the parser has
        self._moved = False
        self._head_bytes = self._write_bytes = 0  # of the budget: for a half head, and for answers that nobody reads
        self._refused = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=_UNREAD_TLS_BYTES if is_ssl(transport) else _UNREAD_BYTES, low=0)
        self.deadline = self.loop.time() + self.crowd.limits.seconds[IDLE]
        self.crowd.add(self, self.loop)

    def connection_lost(self, exc: Exception | None) -> None:
        self.crowd.remove(self)
        self._unset_keepalive_if_required()
        self.intake.budget.give(self._head_bytes + self._write_bytes)
        self._head_bytes = self._write_bytes = 0
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """A client that has closed its half still gets the answer that it waits for."""
        if self._phase != ANSWER or self._refused or is_ssl(self.transport):
            return False
        self.cycle.keep_alive = False
        return True

    def data_received(self, data: bytes) -> None:
        if self._refused or self.parser is None:
            return
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        self._unread += len(data)
        self._moved = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._decline(data[offer.args[0] :])
        except httptools.HttpParserError as error:
            self._give_up(error)
        if self._moved:
            self._unread = 0
        elif self._unread > self.crowd.limits.max_head_bytes:
            self.refuse(_head_too_large(self.crowd.limits.max_head_bytes))
        if self._phase == HEAD or self._head_bytes:
            self._count_head()
        if self._phase != self._timed:
            self._timed = self._phase
            self.deadline = self.loop.time() + self.crowd.limits.seconds[self._phase]

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.crowd.idle.pop(self, None)
        self._phase, self._timed = HEAD, IDLE

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return  # the parser stops behind this head, and `_decline` feeds it to another, without the offer
        limit = self.crowd.limits.max_head_bytes
        if self._unread > limit and measure_head(self.url, self.headers) > limit:
            raise _head_too_large(limit)
        self._phase = BODY
        self.begin()
        self.headers = _TRAILERS

    def begin(self) -> None:
        """Give the request whose head is complete to the ASGI application, or to its place behind those before it."""
        if len(self.pipeline) >= _MOST_PIPELINED:
            raise Problem(INVALID_HTTP, f"over {_MOST_PIPELINED} requests were sent ahead of their answers")
        super().on_headers_complete()
        self.cycle.send = partial(_send, self.cycle, self.cycle.send)
        self.cycle.keep_alive = self.cycle.keep_alive and self.may_stay()

    def on_body(self, body: bytes) -> None:
        self._moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._moved = True
        self._phase = ANSWER
        if self.cycle.response_complete:  # answered before its body was read
            self._rest()
        else:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.flow.write_paused and not self.transport.is_closing():
            self.flow.pause_reading()
        unread = self.flow.write_paused or self.transport.is_closing()
        self.deadline = self.loop.time() + self.crowd.limits.seconds[BODY if unread else self._phase]
        if self._phase == ANSWER and self.cycle.response_complete and not self.transport.is_closing():
            self._rest()

    def pause_writing(self) -> None:
        """The client does not read its answers: read no more of its requests, and count what it leaves."""
        super().pause_writing()
        self.flow.pause_reading()
        self.deadline = self.loop.time() + self.crowd.limits.seconds[BODY]
        self._write_bytes = self.transport.get_write_buffer_size()
        if not self.intake.budget.take(self._write_bytes):
            self._write_bytes = 0
            self.transport.abort()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.intake.budget.give(self._write_bytes)
        self._write_bytes = 0
        self.flow.resume_reading()
        self.deadline = self.loop.time() + self.crowd.limits.seconds[self._phase]

    def may_stay(self) -> bool:
        """Whether the connection takes another request. A client that keeps its own never asks DNS where to go."""
        limits = self.crowd.limits
        most = limits.leaving_seconds if self.intake.leaving else limits.most_seconds
        return not self.intake.queue.draining and self.loop.time() - self._made < most * self._share

    def reading(self) -> Exchange | None:
        """The prediction whose body is being read, where it is one."""
        return None

    def refuse(self, problem: Problem) -> None:
        """Answer a request that will not be read to its end, and end the connection once that can have been read."""
        if self._refused or self.transport.is_closing():
            return
        behind, cycle, exchange = self._behind_another(), self.cycle, self.reading()
        self._refused, self._phase = True, ANSWER
        if exchange is None:
            self.intake.refuse_bytes(problem, self._caller())
        else:
            self.intake.refuse(exchange, problem)
        if cycle is not None and cycle.more_body:
            cycle.response_complete = exchange is not None
            cycle.disconnected = True
            cycle.message_event.set()
        now = self.loop.time()
        delay = 0.0 if exchange is not None and exchange.key else self.intake.unknown.delay(now)
        self.deadline = now + delay + _LINGER_SECONDS
        if behind:  # an answer is on its way and must not be mixed with this one
            self.transport.abort()
        else:
            route = self.url.decode("latin-1") if exchange is None else exchange.target.codec.route
            self.loop.call_later(delay, self._write_refusal, problem, route)

    def expire(self, now: float) -> None:
        """End the connection, which has been in its state for too long; by force if it was told so already."""
        self.deadline = now + _LINGER_SECONDS
        if self._refused or self.transport.is_closing():
            self.transport.abort()
        elif self._phase in (HEAD, BODY) and not self._behind_another():
            part, seconds = ("headers", "body")[self._phase - HEAD], self.crowd.limits.seconds[self._phase]
            self.refuse(Problem(SLOW_REQUEST, f"its {part} were not complete after {seconds:g} s"))
        else:
            self.transport.close()

    def make_room(self) -> None:
        self.transport.abort()

    def shutdown(self) -> None:
        """uvicorn stops: end an idle connection, any other one with the answer that it waits for."""
        if self._phase in (HEAD, BODY):
            return  # its answer ends it, as the queue is draining; or its deadline does
        if self._phase == IDLE and self.loop.time() - self._made < _LAST_CHANCE_SECONDS:
            self.deadline = self.loop.time() + _LAST_CHANCE_SECONDS
        else:
            super().shutdown()

    def _rest(self) -> None:
        """Wait for the next request. The sweep ends an idle connection: a timer of its own would cost more."""
        self._phase = self._timed = IDLE
        if not self.flow.write_paused:
            self.deadline = self.loop.time() + self.crowd.limits.seconds[IDLE]
        self.crowd.idle[self] = None

    def _behind_another(self) -> bool:
        """Whether the request that is being read came before the one ahead of it was answered."""
        waiting = self._phase == HEAD and self.cycle is not None and not self.cycle.response_complete
        return waiting or bool(self.pipeline)

    def _caller(self) -> str:
        return self.client[0] if self.client else ""

    def _count_head(self) -> None:
        """What a head that is not complete takes of the budget, as the objects that stand for it."""
        size = self._unread + _HEADER_BYTES * len(self.headers) if self._phase == HEAD else 0
        if self.intake.budget.take(size - self._head_bytes):
            self._head_bytes = size
        else:
            self.refuse(over_budget())

    def _decline(self, rest: bytes) -> None:
        """Ignore an offer to speak another protocol (RFC 9110, 7.8): read the same head again, without the offer."""
        if self.parser.get_method() == b"CONNECT":
            self.refuse(Problem(WRONG_METHOD, "CONNECT is for proxies"))
            return
        head = without_offer(self.parser, self.url, self.headers)
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(head + rest)

    def _give_up(self, error: httptools.HttpParserError) -> None:
        problem = explain(error)
        if problem is None:
            self.intake.report(error.__context__ or error)
        self.refuse(problem or internal_error())

    def _write_refusal(self, problem: Problem, route: str) -> None:
        if self.transport.is_closing():
            return
        accept = next((value for name, value in self.headers if name == b"accept"), b"")
        kind = media_type(accept, route)
        self.transport.write(self.replies.render_problem(problem, kind, self.server_state.default_headers))
        if self.transport.can_write_eof():
            self.transport.write_eof()


def _head_too_large(limit: int) -> Problem:
    return Problem(HEADERS_TOO_LARGE, f"they are over {limit} bytes")
