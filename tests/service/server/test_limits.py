"""Clients that are slow, large, rude or gone: each over a real socket, none of them felt by the others."""

from __future__ import annotations

import contextlib
import gzip
import json
import resource
import socket
import threading
import time
import zlib
from pathlib import Path

import pytest

from tests.service.server.harness import (
    INFER,
    Server,
    infer_body,
    is_closed,
    raw_request,
    read_metrics,
    read_reply,
    resident_bytes,
    running,
    wait_for,
)

pytestmark = pytest.mark.xdist_group("guarded-server")  # one worker, so that the server is started once

ROW = json.dumps(infer_body([[1.0] * 30])).encode()


def _still_answers(server: Server) -> bool:
    with server.client() as client:
        return client.post(INFER, content=ROW, headers={"content-type": "application/json"}).status_code == 200


def test_fifty_megabytes_are_refused_before_they_are_read(guarded_server: Server) -> None:
    with guarded_server.connect() as connection:
        connection.sendall(
            raw_request(b"")[:-4].replace(b"content-length: 0", b"content-length: 52428800") + b"\r\n\r\n"
        )
        started = time.monotonic()
        status, _, body = read_reply(connection)
    assert status == 413
    assert json.loads(body)["type"] == "urn:outlast:problem:too-large"
    assert time.monotonic() - started < 2


def test_a_client_that_sends_on_still_reads_its_refusal(guarded_server: Server) -> None:
    with guarded_server.client() as client:
        reply = client.post(
            INFER, content=b"[" + b"1," * (10 << 20) + b"1]", headers={"content-type": "application/json"}
        )
    assert reply.status_code == 413
    assert _still_answers(guarded_server)


def test_a_body_in_chunks_is_counted_as_it_comes(guarded_server: Server) -> None:
    head = raw_request(b"")[:-4].replace(b"content-length: 0", b"transfer-encoding: chunked") + b"\r\n\r\n"
    with guarded_server.connect() as connection:
        connection.sendall(head)
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        for _ in range(65):
            connection.sendall(chunk)
        assert read_reply(connection)[0] == 413


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_compressed_bomb_is_stopped_at_the_limit(guarded_server: Server, encoding: str) -> None:
    packer = zlib.compressobj(1, wbits=31 if encoding == "gzip" else 15)
    bomb = packer.compress(b" " * (48 << 20)) + packer.flush()
    before = resident_bytes(guarded_server)
    with guarded_server.client({"content-encoding": encoding, "content-type": "application/json"}) as client:
        reply = client.post(INFER, content=bomb)
    assert reply.status_code == 413
    assert "decompressed" in reply.json()["detail"]
    assert resident_bytes(guarded_server) - before < 24 << 20


@pytest.mark.parametrize(
    ("content", "encoding", "status"),
    [
        (gzip.compress(ROW, mtime=0), "gzip", 200),
        (zlib.compress(ROW), "deflate", 200),
        (gzip.compress(ROW, mtime=0)[:-9], "gzip", 415),
        (gzip.compress(ROW, mtime=0) + b"more", "gzip", 415),
        (b"no gzip", "gzip", 415),
        (ROW, "br", 415),
        (ROW, "gzip, gzip", 415),
    ],
)
def test_compressed_bodies_are_taken_or_refused_in_words(
    guarded_server: Server, content: bytes, encoding: str, status: int
) -> None:
    with guarded_server.client({"content-encoding": encoding, "content-type": "application/json"}) as client:
        assert client.post(INFER, content=content).status_code == status


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""])
def test_another_content_type_is_refused(guarded_server: Server, content_type: str) -> None:
    with guarded_server.client({"content-type": content_type}) as client:
        reply = client.post(INFER, content=ROW)
    assert reply.status_code == 415
    assert "application/json" in reply.json()["hint"]


def test_too_many_rows_are_refused(guarded_server: Server) -> None:
    body = {"inputs": [{"name": "features", "shape": [4097, 30], "datatype": "FP32", "data": [1] * 4097 * 30}]}
    with guarded_server.client() as client:
        reply = client.post(INFER, json=body)
    assert reply.status_code == 413
    assert "4097 rows are over the limit of 4096" in reply.json()["detail"]


@pytest.mark.parametrize("long", [f"x-long: {'a' * 20000}", f"cookie: {'; '.join(f'a{i}=b' for i in range(3000))}"])
def test_long_headers_are_refused(guarded_server: Server, long: str) -> None:
    with guarded_server.connect() as connection:
        connection.sendall(raw_request(ROW, long))
        assert read_reply(connection)[0] == 431


def test_a_long_address_is_refused(guarded_server: Server) -> None:
    with guarded_server.connect() as connection:
        connection.sendall(raw_request(b"", method="GET", path="/" + "a" * 20000))
        assert read_reply(connection)[0] == 431


def test_headers_without_an_end_are_refused_when_they_grow_too_large(guarded_server: Server) -> None:
    with guarded_server.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n" + b"".join(b"x-%d: y\r\n" % i for i in range(2000)))
        assert read_reply(connection)[0] == 431


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a TLS hello
        b"GET\r\n\r\n",
        b"\0" * 64,
        raw_request(ROW, "transfer-encoding: chunked"),  # two lengths: request smuggling
        raw_request(ROW).replace(b"content-length: ", b"content-length: -"),
        raw_request(ROW, "content-length: 3"),
        raw_request(ROW, "bad header: x"),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_bytes_that_are_no_http_are_refused_and_the_connection_ends(guarded_server: Server, raw: bytes) -> None:
    with guarded_server.connect() as connection:
        connection.sendall(raw)
        assert read_reply(connection)[0] == 400
        assert connection.recv(1) == b""


@pytest.mark.parametrize(
    "piece", [raw_request(ROW)[:40], raw_request(ROW)[:-10], b""], ids=["in-the-headers", "in-the-body", "silent"]
)
def test_a_slow_client_is_ended_and_told(guarded_server: Server, piece: bytes) -> None:
    with guarded_server.connect() as connection:
        connection.sendall(piece)
        if not piece:
            assert connection.recv(1) == b""  # nothing was asked, so nothing is said
            return
        status, headers, body = read_reply(connection)
    assert (status, headers["connection"]) == (408, "close")
    assert json.loads(body)["type"] == "urn:outlast:problem:slow-request"


def test_slowloris_does_not_slow_anybody_else(guarded_server: Server) -> None:
    stop = threading.Event()

    def drip() -> None:
        """Forty connections that each send a header's byte now and then, for ever anew."""
        while not stop.is_set():
            crowd = [guarded_server.connect() for _ in range(40)]
            for byte in raw_request(ROW)[:12]:
                for connection in crowd:
                    try:
                        connection.sendall(bytes([byte]))
                    except OSError:
                        continue
                if stop.wait(0.05):
                    break
            for connection in crowd:
                connection.close()

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        times = []
        with guarded_server.client() as client:
            for _ in range(40):
                started = time.monotonic()
                assert client.post(INFER, content=ROW, headers={"content-type": "application/json"}).status_code == 200
                times.append(time.monotonic() - started)
    finally:
        stop.set()
        thread.join()
    assert sorted(times)[len(times) // 2] < 0.5  # the crowd's limit is 1 s: nobody waits for it


def test_a_half_closed_client_still_gets_its_answer(guarded_server: Server) -> None:
    with guarded_server.connect() as connection:
        connection.sendall(raw_request(ROW))
        connection.shutdown(socket.SHUT_WR)
        assert read_reply(connection)[0] == 200
        assert connection.recv(1) == b""


@pytest.mark.parametrize("cut", [20, -5])
def test_a_client_that_vanishes_mid_request_leaves_nothing_behind(guarded_server: Server, cut: int) -> None:
    for _ in range(20):
        connection = guarded_server.connect()
        connection.sendall(raw_request(ROW)[:cut])
        # A reset instead of a farewell, as from a machine that lost its power.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
    assert _still_answers(guarded_server)


def test_pipelined_requests_are_answered_in_order(guarded_server: Server) -> None:
    asked = [raw_request(ROW, f"x-request-id: p{n}") for n in range(5)]
    asked.insert(2, raw_request(b"", "x-request-id: no", method="GET", path="/livez"))
    with guarded_server.connect() as connection:
        connection.sendall(b"".join(asked))
        file = connection.makefile("rb")
        ids = []
        for _ in asked:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += file.readline()
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            file.read(length)
            ids.append(
                head.split(b"x-request-id: ")[1].split(b"\r\n")[0].decode() if b"x-request-id" in head else "livez"
            )
    assert ids == ["p0", "p1", "livez", "p2", "p3", "p4"]


def test_endless_pipelining_is_cut_off(guarded_server: Server) -> None:
    answers = b""
    with guarded_server.connect() as connection, contextlib.suppress(ConnectionError):
        connection.sendall(raw_request(ROW) * 200)
        while data := connection.recv(1 << 16):
            answers += data
    assert answers.count(b"HTTP/1.1 200") < 200
    assert _still_answers(guarded_server)


def test_a_client_that_does_not_read_is_not_read_from(guarded_server: Server) -> None:
    connection = guarded_server.connect()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(0.5)
    request = raw_request(b"", method="GET", path="/openapi.json")
    with pytest.raises(OSError):
        for _ in range(2000):
            connection.sendall(request * 20)
    connection.close()
    assert _still_answers(guarded_server)


def test_an_expected_continue_is_given_before_the_body(guarded_server: Server) -> None:
    with guarded_server.connect() as connection:
        request = raw_request(ROW, "expect: 100-continue")
        connection.sendall(request[: -len(ROW)])
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
        connection.sendall(ROW)
        assert read_reply(connection)[0] == 200


def test_an_upgrade_is_not_followed(guarded_server: Server) -> None:
    with guarded_server.connect() as connection:
        headers = ("connection: upgrade", "upgrade: websocket")
        connection.sendall(raw_request(b"", *headers, method="GET", path="/livez"))
        assert read_reply(connection)[0] == 200


def test_every_answer_carries_the_security_headers(guarded_server: Server) -> None:
    with guarded_server.client() as client:
        replies = [client.get(path) for path in ("/livez", "/docs", "/nowhere", "/v2/models/tumour")]
        replies += [
            client.post(INFER, content=body, headers={"content-type": "application/json"}) for body in (ROW, b"{")
        ]
        replies += [client.put("/healthz")]
    for reply in replies:
        assert reply.headers["x-served-by"] == "gcp"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["content-security-policy"].startswith("default-src 'none'")
        assert reply.headers["cache-control"] == "no-store"
        assert "max-age" in reply.headers["strict-transport-security"]
        assert "server" not in reply.headers
    assert [reply.status_code for reply in replies] == [200, 200, 404, 200, 200, 400, 405]


def test_a_full_queue_sheds_at_once_and_health_does_not_mind(tmp_path: Path) -> None:
    settings = {"OUTLAST_AUTH": "off", "OUTLAST_QUEUE_DEPTH": "4", "OUTLAST_HEALTH_MIN_REQUESTS": "1"}
    rows = json.dumps(infer_body([[1.0] * 30] * 500)).encode()
    with running(tmp_path, **settings) as server:
        connections = [server.connect() for _ in range(60)]
        for connection in connections:
            connection.sendall(raw_request(rows))
        replies = [read_reply(connection) for connection in connections]
        statuses = [status for status, _, _ in replies]
        assert set(statuses) == {200, 503}
        shed = next(reply for reply in replies if reply[0] == 503)
        assert shed[1]["retry-after"] == "1"
        assert json.loads(shed[2])["type"] == "urn:outlast:problem:overloaded"
        with server.client() as client:
            assert client.get("/healthz").status_code == 200
            metrics = read_metrics(client)
        assert f"outlast_shed_total {float(statuses.count(503))}" in metrics
        # A connection that was shed is still good.
        connections[statuses.index(503)].sendall(raw_request(ROW))
        assert read_reply(connections[statuses.index(503)])[0] == 200
        for connection in connections:
            connection.close()
        wait_for(lambda: any(line["kind"] == "shed" for line in server.audit_lines()), "the chain to count the shed")


@pytest.mark.slow
def test_ten_thousand_idle_connections_are_carried_and_the_oldest_make_room(tmp_path: Path) -> None:
    limit = _open_files(10_100)
    with running(tmp_path, OUTLAST_AUTH="off", OUTLAST_MAX_CONNECTIONS=str(limit)) as server:
        before = resident_bytes(server)
        crowd = []
        for _ in range(limit + 50):
            connection = socket.create_connection(("127.0.0.1", server.port))
            crowd.append(connection)
        try:
            assert _still_answers(server)
            wait_for(lambda: is_closed(crowd[0]), "the oldest to make room")
            assert not is_closed(crowd[-1])
            assert (resident_bytes(server) - before) / limit < 8192
        finally:
            for connection in crowd:
                connection.close()


def _open_files(wanted: int) -> int:
    """As many connections as this machine lets a test open, at most `wanted`."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, wanted + 500) if hard > 0 else wanted + 500, hard))
    return min(wanted - 100, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 400)
