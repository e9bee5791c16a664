"""uvicorn's HTTP/1.1 connection, with limits on what a client may cost, and a short way for predictions.

Pipelining, keep-alive, flow control, shutdown and ASGI are uvicorn's. A prediction needs no ASGI scope and no task: a
`Prediction` stands where uvicorn keeps its own request and response, and hands the request to the intake. The names of
uvicorn that this leans on are pinned by a test.

Over 300 lines, being one class: these are the callbacks of one state machine, and each is a few lines.
"""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import is_ssl

from service.server.exchange import Exchange
from service.server.http.connections import ANSWER, BODY, HEAD, IDLE, Connections
from service.server.http.heads import Trailers, has_long_body, measure_head, without_offer
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


_TRAILERS = Trailers()


class _Nobody:
    """Nobody waits for the parts of a prediction's body."""

    def set(self) -> None:
        """Wake nobody."""


async def _send(cycle: Any, send: Any, message: Any) -> None:
    """An ASGI application's `send`. uvicorn tells the last request alone that its client has gone, not those before."""
    if cycle.flow.write_paused and not cycle.disconnected:
        await cycle.flow.drain()
    cycle.disconnected = cycle.disconnected or cycle.transport.is_closing()
    await send(message)


class Prediction:
    """In the place of uvicorn's cycle while a prediction is read and answered; the waiter of its exchange."""

    __slots__ = ("_connection", "disconnected", "exchange", "keep_alive", "loop", "more_body", "response_complete")
    message_event = _Nobody()

    def __init__(self, connection: Connection, exchange: Exchange, keep_alive: bool) -> None:
        self._connection = connection
        self.loop = connection.loop
        self.exchange = exchange
        self.keep_alive = keep_alive
        self.more_body = True
        self.response_complete = self.disconnected = False

    def reply(self, exchange: Exchange) -> None:
        """Write the answer; what the queue calls."""
        self.response_complete = True
        if not self.disconnected:
            self._connection.finish(exchange, self.keep_alive)


class Connection(HttpToolsProtocol):
    """One client's connection. Each of its states has a deadline, which the sweep of `Connections` holds it to."""

    intake: ClassVar[Intake]
    replies: ClassVar[Replies]
    crowd: ClassVar[Connections]
    cycle: Any

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.deadline = self._made = self.loop.time()
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
        if type(self.cycle) is Prediction and self.cycle.more_body and not self.cycle.response_complete:
            self.intake.abandon(self.cycle.exchange)
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
            self.refuse(self._explain(error))
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
        parser = self.parser
        if parser.should_upgrade():
            return  # the parser stops behind this head, and `_decline` feeds it to another, without the offer
        limit = self.crowd.limits.max_head_bytes
        if self._unread > limit and measure_head(self.url, self.headers) > limit:
            raise _head_too_large(limit)
        self._phase = BODY
        target = self.intake.find(self.url) if parser.get_method() == b"POST" else None
        if target is None or (self.cycle is not None and not self.cycle.response_complete):
            if len(self.pipeline) >= _MOST_PIPELINED:
                raise Problem(INVALID_HTTP, f"over {_MOST_PIPELINED} requests were sent ahead of their answers")
            super().on_headers_complete()
            self.cycle.send = partial(_send, self.cycle, self.cycle.send)
            self.cycle.keep_alive = self.cycle.keep_alive and not self.intake.queue.draining
        else:
            exchange = self.intake.open(target, self.headers, self._caller())
            keep_alive = parser.get_http_version() != "1.0" and parser.should_keep_alive()
            self.cycle = Prediction(self, exchange, keep_alive)
            if exchange.problem is not None and (self.expect_100_continue or has_long_body(exchange)):
                raise exchange.problem
            if self.expect_100_continue:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.headers = _TRAILERS

    def on_body(self, body: bytes) -> None:
        self._moved = True
        if type(self.cycle) is Prediction:
            self.intake.add(self.cycle.exchange, body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        cycle = self.cycle
        if self.parser.should_upgrade():
            return
        self._moved = True
        self._phase = ANSWER
        if type(cycle) is Prediction:
            cycle.more_body = False
            self.intake.submit(cycle.exchange, cycle)
        elif cycle.response_complete:  # answered before its body was read
            self._rest()
        else:
            super().on_message_complete()

    def finish(self, exchange: Exchange, keep_alive: bool) -> None:
        """Write a prediction's answer, and end the connection or let uvicorn go on with it."""
        if self.transport.is_closing():
            return
        keep_alive = keep_alive and not self.intake.queue.draining
        self.transport.write(self.replies.render(exchange, self.server_state.default_headers, keep_alive))
        if keep_alive and self._phase == ANSWER and not self.pipeline and not self.flow.read_paused:
            self.server_state.total_requests += 1
            self._rest()
            return
        if not keep_alive:
            self.transport.close()
        self.on_response_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.flow.write_paused and not self.transport.is_closing():
            self.flow.pause_reading()
        unread = self.flow.write_paused or self.transport.is_closing()
        self.deadline = self.loop.time() + self.crowd.limits.seconds[BODY if unread else self._phase]
        if self._phase == ANSWER and self.cycle.response_complete and not self.transport.is_closing():
            self._rest()

    def _rest(self) -> None:
        """Wait for the next request. The sweep ends an idle connection: a timer of its own would cost more."""
        self._phase = self._timed = IDLE
        if not self.flow.write_paused:
            self.deadline = self.loop.time() + self.crowd.limits.seconds[IDLE]
        self.crowd.idle[self] = None

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

    def refuse(self, problem: Problem) -> None:
        """Answer a request that will not be read to its end, and end the connection once that can have been read."""
        if self._refused or self.transport.is_closing():
            return
        behind, cycle = self._behind_another(), self.cycle
        self._refused, self._phase = True, ANSWER
        known = type(cycle) is Prediction and cycle.more_body
        if known:
            self.intake.refuse(cycle.exchange, problem)
        else:
            self.intake.refuse_bytes(problem, self._caller())
        if cycle is not None and cycle.more_body:
            cycle.response_complete = known
            cycle.disconnected = True
            cycle.message_event.set()
        now = self.loop.time()
        delay = 0.0 if known and cycle.exchange.key else self.intake.unknown.delay(now)
        self.deadline = now + delay + _LINGER_SECONDS
        if behind:  # an answer is on its way and must not be mixed with this one
            self.transport.abort()
        else:
            self.loop.call_later(delay, self._write_refusal, problem)

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

    def _explain(self, error: httptools.HttpParserError) -> Problem:
        """Why the parser gave up: a problem that a callback raised, bytes that are no HTTP, or a mistake of ours."""
        cause = error.__context__
        if isinstance(cause, Problem):
            # It may have to wait for its turn, and its traceback holds what was received: a quarter of a megabyte.
            cause.__context__ = cause.__cause__ = None
            return cause.with_traceback(None)
        if cause is None or isinstance(cause, httptools.HttpParserError | UnicodeError):
            return Problem(INVALID_HTTP, str(cause or error) or "the parser gave up")
        self.intake.report(cause)
        return internal_error()

    def _write_refusal(self, problem: Problem) -> None:
        if self.transport.is_closing():
            return
        route = self.cycle.exchange.target.codec.route if type(self.cycle) is Prediction else self.url.decode("latin-1")
        accept = next((value for name, value in self.headers if name == b"accept"), b"")
        kind = media_type(accept, route)
        self.transport.write(self.replies.render_problem(problem, kind, self.server_state.default_headers))
        if self.transport.can_write_eof():
            self.transport.write_eof()


def _head_too_large(limit: int) -> Problem:
    return Problem(HEADERS_TOO_LARGE, f"they are over {limit} bytes")
