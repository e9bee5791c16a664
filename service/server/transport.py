"""HTTP/1.1 between uvicorn's event loop and the endpoint: limits, the bounded queue, and the short way for predictions.

uvicorn owns sockets, signals and the ASGI side. This protocol class takes the place of its own because that one bounds
neither the headers' size nor the time that a client may take, starts work before a request is complete, and because a
prediction needs no ASGI scope: complete requests for predictions go straight into the queue, everything else into the
ASGI application. A request is read whole (its size is bounded) before anything is started for it, so a slow client
occupies a connection and nothing more.

The queue (`Desk`): what one turn of the event loop has read is answered in the next, together. Beyond its depth, or
beyond the wait that it would mean, a request is answered 503 at once, before its body is even looked at. A burst may
wait longer than a queue that stands: only the latter is overload, and only it would make every answer late.
"""

from __future__ import annotations

import asyncio
import http
import logging
import time
import urllib.parse
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from service.server.bodies import too_large
from service.server.endpoint import Endpoint, Exchange, Header, Target
from service.server.problems import (
    CONTENT_TYPE,
    HEADERS_TOO_LARGE,
    INVALID_HTTP,
    SLOW_REQUEST,
    Problem,
    overloaded,
)
from service.server.settings import Settings

IDLE, HEAD, BODY, BUSY, LINGERING = range(5)

# A refused client may still be sending; closing at once would reset the connection and take the refusal with it.
_LINGER_SECONDS = 2.0
_SWEEP_SECONDS = 0.5
_LAST_CHANCE_SECONDS = 0.5
_MOST_PIPELINED = 32
# What a request costs beside its bytes, as bytes: connection, headers, receipt, audit. Only the proportion matters.
_FIXED_COST_BYTES = 1024
_FIRST_SECONDS_PER_BYTE = 1e-7
_BURST = 10  # times the wait that may stand
_BURST_SECONDS = 0.1  # a queue that is longer than may stand for longer than this is no burst
_CALM_SECONDS = 0.5  # without a refusal, until bursts are let in again
_NEVER_SHED = ("/healthz", "/livez", "/metrics", "/v2/health/live", "/v2/health/ready")


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
        headers: tuple[Header, ...],
        clock: Callable[[], float],
        latency_seconds: Callable[[], float],
        on_shed: Callable[[], None],
        processor_time: Callable[[], float] = time.thread_time,
    ) -> None:
        self.settings = settings
        self.targets = {path.encode(): target for path, target in targets.items()}
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
        self._fixed = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self._heads: dict[int, bytes] = {}
        self._dated: list[Header] = []
        self._sweeping = False
        self._shed_reply = self._render_shed()

    @property
    def depth(self) -> int:
        """Requests waiting for inference."""
        return len(self._queue)

    @property
    def in_flight(self) -> int:
        """Connections whose request is being answered. Counted when asked for, not at every request."""
        return sum(1 for connection in self.connections if connection.busy)

    def connection_class(self) -> type[Connection]:
        """The protocol class that uvicorn is to use for this desk's connections."""
        return type("DeskConnection", (Connection,), {"desk": self, "__slots__": ()})

    def take(self, connection: Connection, exchange: Exchange, keep_alive: bool) -> bool:
        """Queue a request for the next turn; False when it has to be shed. An empty queue takes any request."""
        if not self._queue:
            connection.loop.call_soon(self._flush, connection.loop)
        elif len(self._queue) >= self.settings.queue_depth or self._expected_wait() > self._allowed_wait():
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

    def render(self, exchange: Exchange, dated: list[Header], keep_alive: bool) -> bytes:
        """A whole response as bytes."""
        parts = [
            self._head(exchange.status, dated),
            b"content-type: ", exchange.reply_type,
            b"\r\nx-request-id: ", exchange.request_id.encode(),
            b"\r\ncontent-length: ", str(len(exchange.reply)).encode(),
        ]  # fmt: skip
        for name, value in exchange.extra:
            parts += (b"\r\n", name, b": ", value)
        parts += (b"\r\n\r\n" if keep_alive else b"\r\nconnection: close\r\n\r\n", exchange.reply)
        return b"".join(parts)

    def render_problem(self, problem: Problem, dated: list[Header]) -> bytes:
        """A refusal of a request that was not read to its end; the connection ends with it."""
        body = problem.render()
        parts = [self._head(problem.status, dated), b"content-type: ", CONTENT_TYPE, b"\r\nconnection: close"]
        for name, value in problem.headers:
            parts += (b"\r\n", name, b": ", value)
        parts += (b"\r\ncontent-length: ", str(len(body)).encode(), b"\r\n\r\n", body)
        return b"".join(parts)

    def shed_reply(self, keep_alive: bool) -> bytes:
        """The 503 of a full queue, made once: refusing must cost next to nothing."""
        return self._shed_reply[keep_alive]

    def _render_shed(self) -> dict[bool, bytes]:
        problem = overloaded()
        closing = self.render_problem(problem, [])
        return {False: closing, True: closing.replace(b"connection: close\r\n", b"")}

    def _head(self, status: int, dated: list[Header]) -> bytes:
        """Status line and fixed headers; `dated` is uvicorn's list, a new one each second."""
        if dated is not self._dated:
            self._heads.clear()
            self._dated = dated
        head = self._heads.get(status)
        if head is None:
            date = b"".join(name + b": " + value + b"\r\n" for name, value in dated)
            phrase = http.HTTPStatus(status).phrase.encode()
            head = self._heads[status] = b"HTTP/1.1 %d %b\r\n%b%b" % (status, phrase, self._fixed, date)
        return head

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


class _Message(NamedTuple):
    """A complete request."""

    method: str
    url: bytes
    version: str
    headers: list[Header]
    body: bytes
    keep_alive: bool


class Connection(asyncio.Protocol):
    """One client's connection. uvicorn makes it, asks it to `shutdown`, and knows it from `server_state`."""

    desk: ClassVar[Desk]
    __slots__ = (
        "_backlog", "_body", "_body_size", "_flow", "_head_bytes", "_headers", "_last", "_parser", "_phase",
        "_since", "_url", "_write_paused_at", "app_state", "config", "cycle", "loop", "server_state", "transport",
    )  # fmt: skip

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.config = config
        self.server_state = server_state
        self.app_state = app_state
        self.loop = _loop or asyncio.get_running_loop()
        self.transport: Any = None
        self.cycle: RequestResponseCycle | None = None
        self._flow: FlowControl | None = None
        self._parser: Any = httptools.HttpRequestParser(self)
        self._phase = IDLE
        self._since = self.loop.time()
        self._head_bytes = 0
        self._url = b""
        self._headers: list[Header] = []
        self._body: list[bytes] = []
        self._body_size = 0
        self._backlog: deque[_Message] | None = None
        self._last = False  # no further request is read from this connection
        self._write_paused_at: float | None = None

    @property
    def busy(self) -> bool:
        """Whether a request of this connection is being answered."""
        return self._phase == BUSY

    # -- asyncio ------------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or make room for it."""
        self.transport = transport
        desk = self.desk
        desk.connections = self.server_state.connections
        self.server_state.connections.add(self)  # type: ignore[arg-type]
        desk.idle[self] = None
        desk.watch(self.loop)
        if len(desk.connections) > desk.settings.max_connections:
            # Whoever has been silent longest goes first; without one, the newcomer (the last of the idle).
            next(iter(desk.idle)).transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; an ASGI task is told that its client has gone."""
        self.server_state.connections.discard(self)
        self.desk.idle.pop(self, None)
        if self.cycle is not None:
            if not self.cycle.response_complete:
                self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self._flow is not None:
            self._flow.resume_writing()
        self._parser = None
        self._backlog = None

    def eof_received(self) -> bool:
        """A client that has closed its half still gets the answer that it waits for."""
        self._last = True
        return self._phase == BUSY

    def data_received(self, data: bytes) -> None:
        """Feed the parser; it calls the methods below."""
        if self._last:
            return
        if self._phase == IDLE:
            self._enter(HEAD)
            self.desk.idle.pop(self, None)
        if self._phase != BODY:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._last = True  # no other protocol is spoken here: the request was answered as plain HTTP
        except httptools.HttpParserError as error:
            if not self._last:
                self._refuse(Problem(INVALID_HTTP, str(error) or "the parser gave up"))
        else:
            if self._phase == HEAD and self._head_bytes > self.desk.settings.max_header_bytes:
                self._refuse(self._headers_too_large())

    def pause_writing(self) -> None:
        """The client does not read its answers: read no more of its requests."""
        self._write_paused_at = self.loop.time()
        if self._flow is not None:
            self._flow.pause_writing()
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._write_paused_at = None
        if self._flow is not None:
            self._flow.resume_writing()
        self.transport.resume_reading()

    # -- httptools ----------------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request starts."""
        self._url = b""
        self._headers = []
        self._body = []
        self._body_size = 0
        if self._phase != BUSY:
            self._enter(HEAD)

    def on_url(self, url: bytes) -> None:
        """A part of the request's target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Refuse what is too large before its body arrives."""
        settings = self.desk.settings
        if self._head_bytes > settings.max_header_bytes and self._measure_head() > settings.max_header_bytes:
            self._refuse(self._headers_too_large())
            return
        self._head_bytes = 0
        if self._phase == HEAD:
            self._enter(BODY)
        for name, value in self._headers:
            if name == b"content-length" and len(value) < 20 and int(value) > settings.max_body_bytes:
                self._refuse(too_large(settings.max_body_bytes))
                return
            if name == b"expect" and value.lower() == b"100-continue":
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """A part of the body, chunked or not."""
        self._body_size += len(body)
        if self._body_size > self.desk.settings.max_body_bytes:
            self._refuse(too_large(self.desk.settings.max_body_bytes))
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """The request is whole: start it, or let it wait for the one before it."""
        if self._last:
            return
        parser = self._parser
        version = parser.get_http_version()
        keep_alive = version == "1.1" and parser.should_keep_alive() and not self.desk.draining
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        method = parser.get_method().decode("ascii")
        message = _Message(method, self._url, version, self._headers, body, keep_alive)
        self._last = not keep_alive
        if self._phase != BUSY:
            self._start(message)
            return
        if self._backlog is None:
            self._backlog = deque()
        self._backlog.append(message)
        if len(self._backlog) > _MOST_PIPELINED:
            self.transport.abort()

    # -- requests -----------------------------------------------------------------------------------------------------

    def _start(self, message: _Message) -> None:
        self._enter(BUSY)
        target = self.desk.targets.get(message.url) if message.method == "POST" else None
        if target is None:
            self._start_asgi(message)
            return
        exchange = Exchange(target, dict(message.headers), message.body, self.desk.clock())
        if not self.desk.take(self, exchange, message.keep_alive):
            self._shed(message.keep_alive)

    def _shed(self, keep_alive: bool) -> None:
        self.transport.write(self.desk.shed_reply(keep_alive))
        self._finish(keep_alive)

    def reply(self, exchange: Exchange, keep_alive: bool) -> None:
        """Write an answer."""
        if not self.transport.is_closing():
            self.transport.write(self.desk.render(exchange, self.server_state.default_headers, keep_alive))
        self._finish(keep_alive)

    def _start_asgi(self, message: _Message) -> None:
        """Hand a request to the ASGI application, with uvicorn's own cycle."""
        scope = self._scope(message)
        if len(self.server_state.tasks) >= self.desk.settings.queue_depth and scope["path"] not in _NEVER_SHED:
            self._shed(message.keep_alive)
            return
        if self._flow is None:
            self._flow = FlowControl(self.transport)
        event = asyncio.Event()
        event.set()
        cycle = RequestResponseCycle(
            scope=scope,
            transport=self.transport,
            flow=self._flow,
            logger=logging.getLogger("uvicorn.error"),
            access_logger=logging.getLogger("uvicorn.access"),
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=event,
            expect_100_continue=False,
            keep_alive=message.keep_alive,
            on_response=self._on_asgi_response,
        )
        cycle.body = bytearray(message.body)
        cycle.more_body = False
        self.cycle = cycle
        task = self.loop.create_task(cycle.run_asgi(self.config.loaded_app))
        task.add_done_callback(self.server_state.tasks.discard)
        self.server_state.tasks.add(task)

    def _scope(self, message: _Message) -> Any:
        raw_path, _, query = message.url.partition(b"?")
        if not raw_path.startswith(b"/"):  # `GET http://host/path` as sent to a proxy, or `OPTIONS *`
            raw_path = urllib.parse.urlsplit(raw_path).path or b"/"
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": message.version,
            "method": message.method,
            "scheme": "https" if is_ssl(self.transport) else "http",
            "server": get_local_addr(self.transport),
            "client": get_remote_addr(self.transport),
            "root_path": "",
            "path": urllib.parse.unquote(raw_path.decode("latin-1")),
            "raw_path": raw_path,
            "query_string": query,
            "headers": message.headers,
            "state": self.app_state.copy(),
        }

    def _on_asgi_response(self) -> None:
        if self.cycle is not None:
            self._finish(self.cycle.keep_alive)

    def _finish(self, keep_alive: bool) -> None:
        """A response is written: end the connection, start the next request, or wait for one."""
        self.server_state.total_requests += 1
        if not keep_alive:
            self.transport.close()
            return
        if self.transport.is_closing():
            return
        if self._backlog:
            # In a turn of its own: a chain of requests answered at once must not become a chain of calls.
            self.loop.call_soon(self._start_next)
            return
        self._enter(IDLE)
        self.desk.idle[self] = None
        if self._last:
            self.transport.close()

    def _start_next(self) -> None:
        if self._backlog and not self.transport.is_closing():
            self._start(self._backlog.popleft())

    # -- limits -------------------------------------------------------------------------------------------------------

    def _enter(self, phase: int) -> None:
        self._phase = phase
        self._since = self.loop.time()

    def _measure_head(self) -> int:
        return len(self._url) + sum(len(name) + len(value) + 4 for name, value in self._headers)

    def _headers_too_large(self) -> Problem:
        return Problem(HEADERS_TOO_LARGE, f"they are over {self.desk.settings.max_header_bytes} bytes")

    def _refuse(self, problem: Problem) -> None:
        """Answer a request that will not be read to its end, and end the connection once that can have been read."""
        if self._phase == LINGERING:
            return
        self._last = True
        if self._phase == BUSY:  # an answer is on its way and must not be mixed with this one
            self.transport.abort()
            return
        self._enter(LINGERING)
        self.transport.write(self.desk.render_problem(problem, self.server_state.default_headers))
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def check_time(self, now: float) -> None:
        """End the connection if what it is doing takes too long; `now` in the loop's seconds."""
        settings = self.desk.settings
        spent = now - self._since
        if self._write_paused_at is not None and now - self._write_paused_at > settings.body_seconds:
            self.transport.abort()
        elif self._phase == IDLE and spent > (_LAST_CHANCE_SECONDS if self.desk.closing else settings.idle_seconds):
            self.transport.close()
        elif self._phase == HEAD and spent > settings.head_seconds:
            self._refuse(Problem(SLOW_REQUEST, f"its headers were not complete after {settings.head_seconds:g} s"))
        elif self._phase == BODY and spent > settings.body_seconds:
            self._refuse(Problem(SLOW_REQUEST, f"its body was not complete after {settings.body_seconds:g} s"))
        elif self._phase == LINGERING and spent > _LINGER_SECONDS:
            self.transport.abort()

    def shutdown(self) -> None:
        """uvicorn stops: end an idle connection, any other one with the answer that it waits for.

        One that has just been accepted gets a moment (`check_time` ends it): its request is on the way.
        """
        if self._phase == IDLE and self.loop.time() - self._since > _LAST_CHANCE_SECONDS:
            self.transport.close()
        elif self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False
