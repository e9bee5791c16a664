"""The short way of predictions through a connection: no ASGI scope, no task.

A `Prediction` stands where uvicorn keeps its own request and response, and hands the request to the intake. Everything
else goes uvicorn's way, within the limits of `LimitedConnection`.
"""

from __future__ import annotations

from service.server.exchange import Exchange
from service.server.http.connections import ANSWER
from service.server.http.heads import has_long_body
from service.server.http.limits import LimitedConnection


class _Nobody:
    """Nobody waits for the parts of a prediction's body."""

    def set(self) -> None:
        """Wake nobody."""


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


class Connection(LimitedConnection):
    """One client's connection, on which predictions need no ASGI."""

    def connection_lost(self, exc: Exception | None) -> None:
        exchange = self.reading()
        if exchange is not None and not self.cycle.response_complete:
            self.intake.abandon(exchange)
        super().connection_lost(exc)

    def begin(self) -> None:
        parser = self.parser
        target = self.intake.find(self.url) if parser.get_method() == b"POST" else None
        if target is None or (self.cycle is not None and not self.cycle.response_complete):
            super().begin()
            return
        exchange = self.intake.open(target, self.headers, self._caller())
        keep_alive = parser.get_http_version() != "1.0" and parser.should_keep_alive()
        self.cycle = Prediction(self, exchange, keep_alive)
        if exchange.problem is not None and (self.expect_100_continue or has_long_body(exchange)):
            raise exchange.problem
        if self.expect_100_continue:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def reading(self) -> Exchange | None:
        cycle = self.cycle
        return cycle.exchange if type(cycle) is Prediction and cycle.more_body else None

    def on_body(self, body: bytes) -> None:
        if type(self.cycle) is Prediction:
            self._moved = True
            self.intake.add(self.cycle.exchange, body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        cycle = self.cycle
        if type(cycle) is not Prediction or self.parser.should_upgrade():
            super().on_message_complete()
            return
        self._moved = True
        self._phase = ANSWER
        cycle.more_body = False
        self.intake.submit(cycle.exchange, cycle)

    def finish(self, exchange: Exchange, keep_alive: bool) -> None:
        """Write a prediction's answer, and end the connection or let uvicorn go on with it."""
        if self.transport.is_closing():
            return
        keep_alive = keep_alive and self.may_stay()
        self.transport.write(self.replies.render(exchange, self.server_state.default_headers, keep_alive))
        if keep_alive and self._phase == ANSWER and not self.pipeline and not self.flow.read_paused:
            self.server_state.total_requests += 1
            self._rest()
            return
        if not keep_alive:
            self.transport.close()
        self.on_response_complete()
