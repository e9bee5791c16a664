"""HTTP/1.1 between uvicorn's event loop and the endpoint: the limits on a client, and the short way for predictions.

uvicorn owns sockets, signals and the ASGI side. This protocol class takes the place of its own because that one bounds
neither the headers' size nor the time that a client may take, starts work before a request is complete, and because a
prediction needs no ASGI scope: complete requests for predictions go straight into `service.server.http.queue`, what
health checkers ask is answered here, everything else goes into the ASGI application. A request is read whole (its size
is bounded) before anything is started for it, so a slow client occupies a connection and nothing more.

Over 300 lines, being one class: these are the callbacks of one state machine, and each is a few lines.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, ClassVar

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from service.server.exchange import Exchange, Header
from service.server.http.asgi import Message, build_cycle
from service.server.http.queue import Desk
from service.server.protocol.bodies import too_large
from service.server.protocol.problems import HEADERS_TOO_LARGE, INVALID_HTTP, SLOW_REQUEST, Problem

IDLE, HEAD, BODY, BUSY, LINGERING = range(5)

# A refused client may still be sending; closing at once would reset the connection and take the refusal with it.
_LINGER_SECONDS = 2.0
_LAST_CHANCE_SECONDS = 0.5
_MOST_PIPELINED = 32
_NEVER_SHED = ("/health", "/healthz", "/livez", "/metrics", "/v2/health/live", "/v2/health/ready")


def connection_class(desk: Desk) -> type[Connection]:
    """The protocol class that uvicorn is to use for a desk's connections."""
    return type("DeskConnection", (Connection,), {"desk": desk, "__slots__": ()})


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
        self._backlog: deque[Message] | None = None
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
        message = Message(method, self._url, version, self._headers, body, keep_alive)
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

    def _start(self, message: Message) -> None:
        self._enter(BUSY)
        target = self.desk.targets.get(message.url) if message.method == "POST" else None
        if target is None:
            if message.method == "GET" and message.url in self.desk.checks:
                self._answer_check(message)
            else:
                self._start_asgi(message)
            return
        exchange = Exchange(target, dict(message.headers), message.body, self.desk.clock())
        if not self.desk.take(self, exchange, message.keep_alive):
            self._shed(message.keep_alive)

    def _answer_check(self, message: Message) -> None:
        desk = self.desk
        started = desk.clock()
        status, body = desk.checks[message.url]()
        keep_alive = message.keep_alive and not desk.draining
        self.transport.write(desk.replies.render_json(status, body, self.server_state.default_headers, keep_alive))
        desk.observe(message.url.decode(), status, desk.clock() - started)
        self._finish(keep_alive)

    def _shed(self, keep_alive: bool) -> None:
        self.transport.write(self.desk.replies.shed_reply(keep_alive))
        self._finish(keep_alive)

    def reply(self, exchange: Exchange, keep_alive: bool) -> None:
        """Write an answer."""
        if not self.transport.is_closing():
            self.transport.write(self.desk.replies.render(exchange, self.server_state.default_headers, keep_alive))
        self._finish(keep_alive)

    def _start_asgi(self, message: Message) -> None:
        """Hand a request to the ASGI application."""
        tasks = self.server_state.tasks
        if len(tasks) >= self.desk.settings.queue_depth and message.path not in _NEVER_SHED:
            self._shed(message.keep_alive)
            return
        if self._flow is None:
            self._flow = FlowControl(self.transport)
        dated = self.server_state.default_headers
        cycle = build_cycle(message, self.transport, self._flow, self.app_state, dated, self._on_asgi_response)
        self.cycle = cycle
        task = self.loop.create_task(cycle.run_asgi(self.config.loaded_app))
        task.add_done_callback(tasks.discard)
        tasks.add(task)

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
        self.transport.write(self.desk.replies.render_problem(problem, self.server_state.default_headers))
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
