"""A prediction goes to the intake without ASGI; everything else, and what comes behind another request, by ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from service.server.http.budget import Budget, Throttle
from service.server.http.connection import Connection
from service.server.http.connections import Connections, Limits
from tests.service.server.harness import API_KEY, INFER, api_keys, infer_body, running

BODY = b"POST /predict HTTP/1.1\r\nhost: test\r\ncontent-length: 2\r\n\r\n"


class Intake:
    """Takes requests in and keeps them; the answers are the tests'."""

    def __init__(self) -> None:
        self.queue = SimpleNamespace(draining=False)
        self.leaving = False
        self.budget = Budget(1 << 20)
        self.unknown = Throttle(100, 100, 5)
        self.submitted: list[Any] = []
        self.abandoned: list[Any] = []

    def find(self, target: bytes) -> str | None:
        return "a model" if target == b"/predict" else None

    def open(self, _target: str, headers: list[Any], caller: str) -> Any:
        return SimpleNamespace(problem=None, headers=dict(headers), caller=caller, body=b"", key="")

    def add(self, exchange: Any, part: bytes) -> None:
        exchange.body += part

    def submit(self, exchange: Any, waiter: Any) -> None:
        self.submitted.append((exchange, waiter))

    def abandon(self, exchange: Any) -> None:
        self.abandoned.append(exchange)


class Transport(asyncio.Transport):
    """What was written; nothing is ever sent."""

    def __init__(self) -> None:
        super().__init__({"sockname": ("127.0.0.1", 1), "peername": ("127.0.0.1", 2)})
        self.written = b""
        self.closed = False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def write(self, data: Any) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


@pytest.fixture
def connection() -> Iterator[Any]:
    loop = asyncio.new_event_loop()
    config = uvicorn.Config(_application, log_config=None, lifespan="off")
    config.load()

    class Tried(Connection):
        intake = Intake()
        replies = SimpleNamespace(render=lambda exchange, _headers, alive: exchange.body + (b"!" if alive else b"."))
        crowd = Connections(5, Limits((60.0, 10.0, 10.0, 60.0), 65536, most_seconds=120.0, leaving_seconds=10.0))

    made = Tried(config, ServerState(), {}, _loop=loop)
    made.connection_made(Transport())
    yield made
    made.crowd.remove(made)
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


async def _application(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


def test_a_prediction_is_submitted_whole_and_its_answer_written(connection: Any) -> None:
    connection.data_received(BODY + b"a")
    assert connection.reading().body == b"a" and connection.intake.submitted == []
    connection.data_received(b"b")
    ((exchange, waiter),) = connection.intake.submitted
    assert (exchange.body, exchange.caller, connection.reading()) == (b"ab", "127.0.0.1", None)
    waiter.reply(exchange)
    assert connection.transport.written == b"ab!" and not connection.transport.closed


def test_an_answer_that_ends_the_connection_closes_it(connection: Any) -> None:
    connection.data_received(BODY.replace(b"HTTP/1.1", b"HTTP/1.0") + b"ab")
    ((exchange, waiter),) = connection.intake.submitted
    waiter.reply(exchange)
    assert connection.transport.closed


@pytest.mark.parametrize(
    ("age", "leaving", "stays"), [(89, False, True), (121, False, False), (7, True, True), (11, True, False)]
)
@pytest.mark.parametrize("path", [b"/predict", b"/elsewhere"])
def test_an_old_connection_ends_with_its_next_answer(
    connection: Any, path: bytes, age: float, leaving: bool, stays: bool
) -> None:
    connection._made -= age
    connection.intake.leaving = leaving
    connection.data_received(BODY.replace(b"/predict", path) + b"ab")
    for exchange, waiter in connection.intake.submitted:
        waiter.reply(exchange)
    connection.loop.run_until_complete(asyncio.sleep(0.01))
    assert connection.transport.closed is not stays
    if path == b"/predict":
        assert connection.transport.written == (b"ab!" if stays else b"ab.")
    else:
        assert (b"connection: close" in connection.transport.written) is not stays, "its client is told"


def test_connections_that_were_opened_together_end_apart(connection: Any) -> None:
    shares = {type(connection)(connection.config, ServerState(), {}, _loop=connection.loop)._share for _ in range(50)}
    assert len(shares) == 50
    assert 0.75 <= min(shares) < 0.85 < 0.9 < max(shares) <= 1.0


def test_who_leaves_in_the_middle_of_a_body_holds_nothing(connection: Any) -> None:
    connection.data_received(BODY + b"a")
    exchange = connection.reading()
    connection.connection_lost(None)
    assert connection.intake.abandoned == [exchange]


def test_what_comes_behind_another_request_goes_by_asgi(connection: Any) -> None:
    connection.data_received(BODY + b"ab" + BODY + b"cd")
    assert [exchange.body for exchange, _ in connection.intake.submitted] == [b"ab"]
    exchange, waiter = connection.intake.submitted[0]
    waiter.reply(exchange)
    connection.loop.run_until_complete(asyncio.sleep(0.01))
    assert connection.transport.written.startswith(b"ab!HTTP/1.1 200 OK")
    assert b"/predict" in connection.transport.written


def test_a_query_does_not_change_the_way_in(tmp_path: Path) -> None:
    with running(tmp_path, OUTLAST_API_KEYS=api_keys()) as server, server.client() as client:
        client.headers["authorization"] = f"Bearer {API_KEY}"
        replies = [client.post(path, json=infer_body([[1.0] * 30])) for path in (INFER, f"{INFER}?", f"{INFER}?a=b")]
    assert [reply.status_code for reply in replies] == [200] * 3
    assert len({tuple(sorted(set(reply.headers) - {"date"})) for reply in replies}) == 1
