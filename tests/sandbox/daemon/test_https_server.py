"""HTTPS on an address of one's own: what happens to whoever speaks no TLS, and to a port that is taken."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import pytest

from sandbox.daemon.https_server import HttpsServer
from sandbox.network.certificates import KeyPair, PrivateCA
from service.errors import Unavailable

ADDRESS = "127.0.0.1"


class Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def pair(tmp_path: Path) -> KeyPair:
    return PrivateCA(tmp_path).issue("hello", ["hello.example"])


@pytest.fixture
def port(pair: KeyPair) -> Iterator[int]:
    with socket.socket() as free:
        free.bind((ADDRESS, 0))
        number = int(free.getsockname()[1])
    server = HttpsServer("hello", ADDRESS, number, pair, Hello)
    server.start()
    yield number
    server.stop()


def test_whoever_speaks_no_tls_keeps_nobody_waiting(port: int) -> None:
    with socket.create_connection((ADDRESS, port)) as rude:
        rude.sendall(b"GET / HTTP/1.1\r\n\r\n")
        answer = httpx.get(f"https://{ADDRESS}:{port}/", verify=False, trust_env=False)
    assert answer.status_code == 204


def test_a_port_that_is_taken_is_named(port: int, pair: KeyPair) -> None:
    with pytest.raises(Unavailable, match=f"nothing can listen on {ADDRESS} port {port}"):
        HttpsServer("two", ADDRESS, port, pair, Hello).start()


def test_one_that_never_started_can_be_stopped(pair: KeyPair) -> None:
    HttpsServer("never", ADDRESS, 1, pair, Hello).stop()
