"""A real server process over real sockets, on a free port, stopped by its own pid; and what tests ask it."""

from __future__ import annotations

import json
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[3]
RELEASED = ROOT / "service" / "released"
API_KEY = "olk_a-key-for-tests-only"
API_KEY_SHA256 = "7469376457bf8d2789c3a3d5669459ccf1b90f4485055aae727f8868e86fe23b"
RECEIPT_KEY = "k1:" + "ab" * 32
_LISTENING = re.compile(r"listening on \w+://\S+:(\d+) as")
START_SECONDS = 20.0


@dataclass
class Server:
    """A running server: its port, its process, and the files that took its output."""

    port: int
    process: subprocess.Popen[bytes]
    stdout: Path
    stderr: Path
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, **more: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers=self.headers, timeout=10, trust_env=False, **more)

    def logs(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stderr.read_text().splitlines() if line.startswith("{")]

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        return self.process.wait(20)


def start_server(folder: Path, **environment: str) -> Server:
    """Start the server with these settings; ready to be asked when this returns."""
    environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environ |= {"PORT": "0", "OUTLAST_HOST_BIND": "127.0.0.1", "OUTLAST_SITE": "aws", "OUTLAST_DRAIN_SECONDS": "0"}
    stdout, stderr = folder / "stdout", folder / "stderr"
    with stdout.open("wb") as out, stderr.open("wb") as err:
        command = [sys.executable, "-m", "service", "serve"]
        process = subprocess.Popen(command, cwd=ROOT, env=environ | environment, stdout=out, stderr=err)
    try:
        port = _wait_for_port(process, stderr)
        server = Server(port, process, stdout, stderr)
        wait_for(lambda: _answers(server), "the server to answer")
    except BaseException:
        process.kill()
        process.wait()
        raise
    return server


def wait_for(holds: Callable[[], Any], what: str, seconds: float = START_SECONDS) -> Any:
    """Poll until something holds; fail at the deadline. For other processes only: nothing here can hold their clock."""
    deadline = time.monotonic() + seconds
    while not (result := holds()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds} s for {what}")
        selectors.DefaultSelector().select(0.01)
    return result


def _wait_for_port(process: subprocess.Popen[bytes], stderr: Path) -> int:
    def port() -> int | None:
        if process.poll() is not None:
            pytest.fail(f"the server left with {process.returncode}:\n{stderr.read_text()}")
        found = _LISTENING.search(stderr.read_text())
        return int(found.group(1)) if found else None

    return int(wait_for(port, "the server's port"))


def _answers(server: Server) -> bool:
    try:
        with server.client() as client:
            return client.get("/livez").status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def running(folder: Path, **environment: str) -> Iterator[Server]:
    """A server for the length of a block."""
    server = start_server(folder, **environment)
    try:
        yield server
    finally:
        server.stop(signal.SIGKILL)


def infer_body(rows: list[list[float]], **more: Any) -> dict[str, Any]:
    """An Open Inference Protocol request over rows."""
    data = [value for row in rows for value in row]
    tensor = {"name": "features", "shape": [len(rows), len(rows[0])], "datatype": "FP32", "data": data}
    return {"inputs": [tensor], **more}
