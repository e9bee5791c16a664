"""Where the flag of a fault is read from."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
import time
import urllib.error
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from service.server.faults import Faults, fetch_flag, parse_fault, poll
from tests.service.server.harness import make_certificate


class _Store(HTTPServer):
    """An object store of one flag; `elsewhere` is where `/moved` leads."""

    elsewhere = ""
    asked = 0


class _Answers(BaseHTTPRequestHandler):
    server: _Store

    def do_GET(self) -> None:
        self.server.asked += 1
        if self.path == "/malformed":
            self.wfile.write(b"no HTTP at all\r\n\r\n")
            return
        flag = json.dumps({"mode": "wrong-answers", "expires_at": time.time() + 60, "id": "drill-1"}).encode()
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("location", self.server.elsewhere)
        self.send_header("content-length", str(len(flag)))
        self.end_headers()
        self.wfile.write(flag)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("store"), "localhost")


@pytest.fixture(scope="module")
def stores(certificate: tuple[Path, Path]) -> Iterator[tuple[_Store, _Store]]:
    """The address of a store that speaks TLS, with another beside it that does not."""
    plain, secure = _Store(("127.0.0.1", 0), _Answers), _Store(("127.0.0.1", 0), _Answers)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    secure.socket = context.wrap_socket(secure.socket, server_side=True)
    secure.elsewhere = f"http://localhost:{plain.server_port}/flag"
    threads = [threading.Thread(target=each.serve_forever, args=(0.01,)) for each in (plain, secure)]
    for thread in threads:
        thread.start()
    yield plain, secure
    for each in (plain, secure):
        each.shutdown()
        each.server_close()
    for thread in threads:
        thread.join()


@pytest.fixture
def store(stores: tuple[_Store, _Store]) -> str:
    """Where the store that speaks TLS is asked."""
    return f"https://localhost:{stores[1].server_port}"


@pytest.fixture
def trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))


@pytest.mark.usefixtures("trusted")
def test_a_flag_may_be_at_an_https_address(store: str) -> None:
    fault = parse_fault(fetch_flag(f"{store}/flag"), time.time())
    assert fault is not None
    assert (fault.mode, fault.id) == ("wrong-answers", "drill-1")


def test_but_not_at_one_that_nobody_vouches_for(store: str) -> None:
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        fetch_flag(f"{store}/flag")


@pytest.mark.usefixtures("trusted")
def test_nor_is_a_redirect_away_from_https_followed(store: str, stores: tuple[_Store, _Store]) -> None:
    with pytest.raises(ValueError, match="anybody on the way"):
        fetch_flag(f"{store}/moved")
    assert stores[0].asked == 0


@pytest.mark.usefixtures("trusted")
def test_a_malformed_answer_is_told_once_and_does_not_end_the_poll(store: str, stores: tuple[_Store, _Store]) -> None:
    told: list[Exception] = []

    async def run() -> None:
        faults, before = Faults(time.time), stores[1].asked
        task = asyncio.create_task(poll(faults, f"{store}/malformed", 0.01, lambda _: None, told.append))
        while stores[1].asked < before + 3:
            await asyncio.sleep(0.01)
        assert not task.done()
        task.cancel()

    asyncio.run(run())
    assert [type(error).__name__ for error in told] == ["BadStatusLine"]
