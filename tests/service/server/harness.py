"""A real server process over real sockets, on a free port, stopped by its own pid; and what tests ask it."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import re
import resource
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ROOT = Path(__file__).resolve().parents[3]
RELEASED = ROOT / "service" / "released"
API_KEY = "olk_a-key-for-tests-only"
LIMITED_KEY = "olk_limited"
OTHER_KEY = "olk_another-caller"
JUDGE_KEY = "olk_may-judge-all"
EXPIRED_KEY = "olk_expired"
RECEIPT_KEYS = "k1:" + "ab" * 32
INFER = "/v2/models/tumour/infer"
VERSION: str = json.loads((RELEASED / "tumour" / "manifest.json").read_text())["version"]  # moves with each release
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

    def client(self, headers: Mapping[str, str] | None = None) -> httpx.Client:
        """A client that sends the server's own headers (its API key), then these."""
        everything = {**self.headers, **(headers or {})}
        return httpx.Client(base_url=self.url, headers=everything, timeout=10, trust_env=False)

    def connect(self) -> socket.socket:
        """A bare connection, for what no client library would send."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def audit_lines(self) -> list[dict[str, Any]]:
        """The log on standard output, as far as it is written."""
        lines = self.stdout.read_bytes().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith(b"\n")]

    def logs(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stderr.read_text().splitlines() if line.startswith("{")]

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        return self.process.wait(20)


def start_server(folder: Path, *, scheme: str = "http", files: int = 0, **environment: str) -> Server:
    """Start the server with these settings, and at most `files` open; ready to be asked when this returns."""
    # And what lets `make coverage` see into the process.
    passed_on = ("PATH", "HOME", "COVERAGE_PROCESS_CONFIG", "COVERAGE_FILE")
    environ = {name: os.environ[name] for name in passed_on if name in os.environ}
    environ |= {"PORT": "0", "OUTLAST_HOST_BIND": "127.0.0.1", "OUTLAST_SITE": "aws", "OUTLAST_DRAIN_SECONDS": "0"}
    environ |= {} if "OUTLAST_MODELS" in environment else {"OUTLAST_DEFAULT_MODEL": "tumour"}
    stdout, stderr = folder / "stdout", folder / "stderr"
    with stdout.open("wb") as out, stderr.open("wb") as err:
        command = [sys.executable, "-m", "service", "serve"]
        if files:
            command = ["sh", "-c", f'ulimit -n {files}; exec "$@"', "sh", *command]
        process = subprocess.Popen(command, cwd=ROOT, env=environ | environment, stdout=out, stderr=err)
    try:
        port = _wait_for_port(process, stderr)
        server = Server(port, process, stdout, stderr)
        wait_for(lambda: _answers(server, scheme), "the server to answer")
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


def _answers(server: Server, scheme: str) -> bool:
    try:
        return httpx.get(f"{scheme}://127.0.0.1:{server.port}/livez", verify=False, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def running(folder: Path, *, scheme: str = "http", files: int = 0, **environment: str) -> Iterator[Server]:
    """A server for the length of a block."""
    server = start_server(folder, scheme=scheme, files=files, **environment)
    try:
        yield server
    finally:
        if "COVERAGE_PROCESS_CONFIG" in os.environ:  # one that is killed does not tell what it ran
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.stop()
        server.stop(signal.SIGKILL)


def read_metrics(client: httpx.Client) -> str:
    """What /metrics says, without the label `replica` that every series carries."""
    text = client.get("/metrics").text
    return re.sub(r'\{replica="[^"]*"\}', "", re.sub(r'replica="[^"]*",|,replica="[^"]*"', "", text))


def hash_key(key: str) -> str:
    """What the server keeps of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def api_keys(*extra: dict[str, Any]) -> str:
    """The setting that accepts API_KEY, and others."""
    return json.dumps([{"name": "tests", "sha256": hash_key(API_KEY)}, *extra])


def infer_body(rows: list[list[float]], **more: Any) -> dict[str, Any]:
    """An Open Inference Protocol request over rows."""
    data = [value for row in rows for value in row]
    tensor = {"name": "features", "shape": [len(rows), len(rows[0])], "datatype": "FP32", "data": data}
    return {"inputs": [tensor], **more}


def raw_request(body: bytes, *headers: str, method: str = "POST", path: str = INFER, key: str = API_KEY) -> bytes:
    """A request as bytes, with its length and a key."""
    lines = [f"{method} {path} HTTP/1.1", "host: test", f"x-api-key: {key}", "content-type: application/json"]
    lines += [f"content-length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def read_reply(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """One response: status, headers, body."""
    reply = http.client.HTTPResponse(connection)
    reply.begin()
    return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()


def make_certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """A certificate that a host has signed for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1)
    )
    names = x509.SubjectAlternativeName([x509.DNSName(host)])
    certificate = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    chain, secret = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    encoding = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    secret.write_bytes(key.private_bytes(*encoding))
    return chain, secret


def is_closed(connection: socket.socket) -> bool:
    """Whether the server has ended the connection."""
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def resident_bytes(server: Server) -> int:
    """Bytes of memory that the server holds."""
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()
