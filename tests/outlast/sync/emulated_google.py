"""Google Cloud Storage on the loopback by others' hands: fake-gcs-server, and the testbench of Google's own libraries.

Neither does all that a store needs. fake-gcs-server lists and reads by the XML API, takes a plain PUT only in the
branch of its pull request 1164, and passes over conditions. The testbench refuses by them, and answers without the
ETag that our client looks for. Objects come into both by the JSON API.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

import pytest

FAKE_GCS, TESTBENCH = shutil.which("fake-gcs-server"), shutil.which("storage-testbench")
_PATIENCE_SECONDS = 20.0
_OBJECTS = "storage/v1/b/bucket/o"


@dataclass(frozen=True)
class Google:
    """The server, and its one bucket."""

    url: str
    address: str = "gs://bucket"

    def put(self, key: str, content: bytes) -> None:
        """Write an object, or another content over it."""
        self._ask(f"upload/{_OBJECTS}?uploadType=media&name={quote(key, safe='')}", content)

    def read(self, key: str) -> bytes:
        """An object's bytes."""
        return self._ask(f"{_OBJECTS}/{quote(key, safe='')}?alt=media")

    def make_bucket(self) -> None:
        """Wait until the server answers, and make the bucket."""
        over = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                self._ask("storage/v1/b?project=p", json.dumps({"name": "bucket"}).encode())
            except OSError:
                if time.monotonic() > over:
                    raise
                time.sleep(0.05)
            else:
                return

    def _ask(self, path: str, body: bytes | None = None) -> bytes:
        headers = {"content-type": "application/octet-stream"}
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/{path}", body, headers)) as answer:
            return bytes(answer.read())


@contextmanager
def start_fake_gcs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    """fake-gcs-server with an empty bucket, found by the environment."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    where = ("-host", "127.0.0.1", "-port", str(port), "-public-host", f"127.0.0.1:{port}", "-external-url", url)
    with _start([str(FAKE_GCS), "-scheme", "http", "-backend", "memory", *where], url, monkeypatch) as server:
        yield server


@contextmanager
def start_testbench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    """Google's testbench with an empty bucket, found by the environment."""
    port = _free_port()
    with _start([str(TESTBENCH), "--port", str(port)], f"http://localhost:{port}", monkeypatch) as server:
        yield server


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def _start(command: Sequence[str], url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    account = {"gcs_base_url": url, "disable_oauth": True, "client_email": "", "private_key": "", "private_key_id": ""}
    server = Google(url)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            server.make_bucket()
            monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT_KEY", json.dumps(account))
            monkeypatch.setenv("GOOGLE_ALLOW_HTTP", "true")
            yield server
        finally:
            process.terminate()
