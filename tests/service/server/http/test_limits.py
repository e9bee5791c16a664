"""What a caller without a key may cost: each attack over a real socket, on a server with little to spare."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from tests.service.server.harness import (
    API_KEY,
    INFER,
    Server,
    api_keys,
    infer_body,
    is_closed,
    make_certificate,
    raw_request,
    read_metrics,
    read_reply,
    resident_bytes,
    running,
    wait_for,
)

pytestmark = pytest.mark.xdist_group("attacked-server")  # one worker, so that the server is started once

ROW = json.dumps(infer_body([[1.0] * 30])).encode()
CONNECTIONS = 40
BUDGET = 1 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with few connections, little memory and little patience."""
    with running(
        tmp_path_factory.mktemp("attacked"),
        OUTLAST_API_KEYS=api_keys(),
        OUTLAST_MAX_CONNECTIONS=str(CONNECTIONS),
        OUTLAST_MAX_BUFFERED_BYTES=str(BUDGET),
        OUTLAST_HEAD_SECONDS="1",
        OUTLAST_BODY_SECONDS="1",
        OUTLAST_IDLE_SECONDS="30",
    ) as server:
        server.headers["authorization"] = f"Bearer {API_KEY}"
        yield server


def _metric(server: Server, name: str) -> float:
    with server.client() as client:
        found = re.search(rf"^{re.escape(name)} (\S+)$", read_metrics(client), re.MULTILINE)
    return float(found[1]) if found else 0.0


def _answers(server: Server) -> bool:
    with server.client() as client:
        return client.post(INFER, content=ROW, headers={"content-type": "application/json"}).status_code == 200


def _chunked(path: str = INFER, key: str = API_KEY) -> bytes:
    return raw_request(b"", path=path, key=key)[:-4].replace(
        b"content-length: 0", b"transfer-encoding: chunked\r\n\r\n"
    )


def test_every_name_of_uvicorn_that_is_leant_on_is_there() -> None:
    connection = HttpToolsProtocol(
        uvicorn.Config(lambda *_: None, log_config=None), uvicorn.server.ServerState(), {}, _loop=_NoLoop()
    )
    connection.on_message_begin()
    names = (
        "client cycle expect_100_continue flow headers loop parser pipeline server_state "
        "timeout_keep_alive_task transport url _unset_keepalive_if_required connection_made "
        "connection_lost data_received eof_received on_message_begin on_headers_complete on_body "
        "on_message_complete on_response_complete pause_writing resume_writing shutdown"
    )
    assert [name for name in names.split() if not hasattr(connection, name)] == []
    assert {"read_paused", "write_paused"} <= vars(FlowControl(_NoTransport())).keys()
    read = set(RequestResponseCycle.__init__.__code__.co_names)
    assert {
        "keep_alive",
        "disconnected",
        "more_body",
        "response_complete",
        "message_event",
        "flow",
        "transport",
    } <= read


class _NoLoop:
    """Enough of a loop to be constructed with."""


class _NoTransport:
    """Enough of a transport to be constructed with."""


@pytest.mark.parametrize("target", [b"http://[/", b"/\xff", b"http://a:b:c/"])
def test_a_target_that_cannot_be_parsed_ends_its_connection_and_is_counted(server: Server, target: bytes) -> None:
    before = _metric(server, 'outlast_requests_total{route="(none)",status="400"}')
    for _ in range(2 * CONNECTIONS):
        with server.connect() as connection:
            connection.sendall(b"GET %b HTTP/1.1\r\nconnection: close\r\n\r\n" % target)
            assert read_reply(connection)[0] == 400
            assert connection.recv(1) == b""
    assert _answers(server)
    counted = 'outlast_requests_total{route="(none)",status="400"}'
    wait_for(lambda: _metric(server, counted) == before + 2 * CONNECTIONS, "every refusal to be counted")
    refused = [line for line in server.logs() if line["what"] == "a connection was refused"]
    assert refused and len(refused) < CONNECTIONS


def test_trailers_count_and_are_not_kept(server: Server) -> None:
    before = resident_bytes(server)
    with server.connect() as connection:
        connection.sendall(_chunked() + b"%x\r\n%b\r\n0\r\n" % (len(ROW), ROW))
        with contextlib.suppress(OSError):
            for number in range(20_000):
                connection.sendall(b"x-%d: %b\r\n" % (number, b"a" * 1000))
        assert read_reply(connection)[0] == 431
    assert resident_bytes(server) - before < 4 << 20


def test_one_endless_trailer_is_cut_off(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(_chunked() + b"%x\r\n%b\r\n0\r\nx: " % (len(ROW), ROW))
        for _ in range(20):
            connection.sendall(b"a" * 100_000)
        assert read_reply(connection)[0] == 431


def test_a_key_in_the_trailer_section_opens_nothing(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(_chunked(key="wrong") + b"%x\r\n%b\r\n0\r\n" % (len(ROW), ROW))
        connection.sendall(b"x-api-key: %b\r\n\r\n" % API_KEY.encode())
        assert read_reply(connection)[0] == 401


def test_trailers_of_a_right_request_are_dropped(server: Server) -> None:
    with server.connect() as connection:
        for _ in range(2):
            connection.sendall(_chunked() + b"%x\r\n%b\r\n0\r\nx-api-key: no\r\n\r\n" % (len(ROW), ROW))
            assert read_reply(connection)[0] == 200


def test_the_key_is_looked_at_before_the_body_arrives(server: Server) -> None:
    head = raw_request(b"", key="wrong").replace(b"content-length: 0", b"content-length: 900000")
    with server.connect() as connection:
        connection.sendall(head)
        assert read_reply(connection)[0] == 401


def test_a_small_body_without_a_key_costs_its_connection_nothing(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(raw_request(ROW, key="wrong"))
        assert read_reply(connection)[0] == 401
        connection.sendall(raw_request(ROW))
        assert read_reply(connection)[0] == 200


def test_half_bodies_are_held_up_to_the_budget_and_what_is_over_gets_503(server: Server) -> None:
    half = BUDGET // 4
    head = raw_request(b"").replace(b"content-length: 0", b"content-length: %d" % (2 * half))
    crowd = [server.connect() for _ in range(3)]
    for connection in crowd:
        connection.sendall(head + b" " * half)
    wait_for(lambda: _metric(server, "outlast_buffered_bytes") >= 3 * half, "the bodies to arrive")
    with server.connect() as late:
        late.sendall(head)
        status, headers, body = read_reply(late)
    assert (status, headers["retry-after"]) == (503, "1")
    assert json.loads(body)["type"] == "urn:outlast:problem:overloaded"
    assert _answers(server)  # a small one still has room
    for connection in crowd:
        connection.close()
    wait_for(lambda: _metric(server, "outlast_buffered_bytes") == 0, "the bytes to be given back")


def test_tiny_chunks_take_no_more_than_their_bytes(server: Server) -> None:
    before = resident_bytes(server)
    body = b" " * 200_000
    with server.connect() as connection:
        connection.sendall(_chunked() + b"2\r\n  \r\n" * (len(body) // 2) + b"0\r\n\r\n")
        assert read_reply(connection)[0] == 400  # blanks are no JSON
    assert resident_bytes(server) - before < 4 << 20


def test_half_heads_on_every_connection_are_told_and_ended(server: Server) -> None:
    crowd = [server.connect() for _ in range(CONNECTIONS - 2)]
    for connection in crowd:
        connection.sendall(b"GET /livez HTTP/1.1\r\n" + b"a: b\r\n" * 2000)
    assert _answers(server)
    statuses = [read_reply(connection)[0] for connection in crowd]
    assert set(statuses) <= {408, 503}
    for connection in crowd:
        connection.close()
    wait_for(lambda: _metric(server, "outlast_buffered_bytes") == 0, "the bytes to be given back")


def test_a_pipelined_large_body_behind_a_slow_answer_is_not_read_ahead(server: Server) -> None:
    large = raw_request(b" " * 900_000)
    with server.connect() as connection:
        connection.settimeout(3)
        with contextlib.suppress(OSError):
            connection.sendall(raw_request(b"", method="GET", path="/docs") + large)
        assert _metric(server, "outlast_buffered_bytes") <= BUDGET
    assert _answers(server)


def test_who_never_reads_is_ended_and_counts(server: Server) -> None:
    crowd = []
    for _ in range(8):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.connect(("127.0.0.1", server.port))
        connection.settimeout(0.2)
        with contextlib.suppress(OSError):
            connection.sendall(raw_request(b"", method="GET", path="/openapi.json") * 200)
        crowd.append(connection)
    assert _answers(server)
    wait_for(lambda: _metric(server, "outlast_connections") <= 4, "them to be ended")
    assert _metric(server, "outlast_buffered_bytes") == 0
    for connection in crowd:
        connection.close()


@pytest.mark.parametrize("offer", ["h2c", "websocket", "TLS/1.0"])
@pytest.mark.parametrize("path", [INFER, "/feedback"])
def test_an_offer_to_upgrade_is_ignored_and_its_request_is_not(server: Server, offer: str, path: str) -> None:
    headers = (f"upgrade: {offer}", "connection: keep-alive, Upgrade, HTTP2-Settings", "http2-settings: AAMAAABk")
    with server.connect() as connection:
        for _ in range(2):
            connection.sendall(raw_request(ROW, *headers, path=path))
            status, _, body = read_reply(connection)
            assert (status, b"zero-length" in body) == (200 if path == INFER else 400, False)
        connection.sendall(
            _chunked()[:-2] + b'upgrade: h2c\r\nconnection: upgrade\r\n\r\n3\r\n{"a\r\n2\r\n":\r\n0\r\n\r\n'
        )
        assert b"cannot be read" in read_reply(connection)[2]


def test_connect_is_refused(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n")
        assert read_reply(connection)[0] == 405


def test_nobody_has_to_wait_behind_those_who_ask_without_a_key(server: Server) -> None:
    """Sixteen connections that ask for /metrics in a loop get some two hundred answers a second, and no more."""
    stop, answered = threading.Event(), []

    def flood() -> None:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
            while not stop.is_set():
                connection.request("GET", "/metrics")
                answered.append(connection.getresponse().read())

    threads = [threading.Thread(target=flood) for _ in range(16)]
    for thread in threads:
        thread.start()
    try:
        wait_for(lambda: len(answered) > 250, "the flood")
        at = len(answered)
        stop.wait(1.0)
        in_a_second = len(answered) - at
        assert _answers(server)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert in_a_second < 400


def test_more_connections_than_allowed_close_the_idle_ones_and_no_more_of_them_than_came(server: Server) -> None:
    crowd = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3 * CONNECTIONS)]
    wait_for(lambda: sum(is_closed(each) for each in crowd) >= 2 * CONNECTIONS, "the oldest to make room")
    assert sum(is_closed(each) for each in crowd) <= 2 * CONNECTIONS + 1
    assert not any(is_closed(each) for each in crowd[-CONNECTIONS + 3 :])
    for connection in crowd:
        connection.close()


def test_a_process_that_may_open_few_files_says_how_many_connections_it_holds(tmp_path: Path) -> None:
    with running(tmp_path, files=256, OUTLAST_AUTH="off") as server:
        said = [line["what"] for line in server.logs() if "at most 192 connections" in line["what"]]
        assert said and "OUTLAST_MAX_CONNECTIONS=12000" in said[0]
        crowd = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(400)]
        assert _answers(server)
        for connection in crowd:
            connection.close()


def test_who_connects_by_tls_and_never_shakes_hands_is_ended(tmp_path: Path) -> None:
    chain, secret = make_certificate(tmp_path, "api.outlast.example")
    files = {"OUTLAST_TLS_CERTIFICATE": str(chain), "OUTLAST_TLS_KEY": str(secret)}
    with running(tmp_path, scheme="https", OUTLAST_AUTH="off", OUTLAST_HEAD_SECONDS="0.5", **files) as server:
        with server.connect() as silent:
            assert silent.recv(1) == b""
        context = ssl.create_default_context(cafile=str(chain))
        with context.wrap_socket(server.connect(), server_hostname="api.outlast.example") as shaken:
            shaken.sendall(raw_request(b"", method="GET", path="/openapi.json") * 3)
            assert {read_reply(shaken)[0]} == {200}


def test_who_leaves_before_answers_that_he_asked_for_at_once_is_no_mistake_of_the_server(tmp_path: Path) -> None:
    ask = b"GET /openapi.json HTTP/1.1\r\nhost: test\r\n\r\n"
    settings = {"OUTLAST_API_KEYS": api_keys(), "OUTLAST_METRICS_AUTH": "open"}
    with running(tmp_path, **settings) as server, contextlib.ExitStack() as stack:
        connections = [stack.enter_context(server.connect()) for _ in range(16)]
        for connection in connections:
            connection.sendall(ask * 16)
        with server.client() as client:
            counted = 'outlast_requests_total{route="/openapi.json",status="200"}'
            wait_for(lambda: _metric(server, counted) >= len(connections), "every first answer to be under way")
            stack.close()
            assert client.get("/health").status_code == 200
        server.stop()
        assert [line for line in server.logs() if line["level"] == "error"] == []
