"""A tiny service in an image of its own: it starts in the time that Python needs, and fails when it is told to."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from failover.simulator.clock import ScaledClock
from sandbox.images import store as images
from sandbox.replicas.supervisor import Supervisor
from sandbox.replicas.workload import Workload

PORT = 28080

# MODE says how it behaves; GATE is a file without which it is not well. It answers each request with its process id
# and VERSION, and closes the connection.
PROGRAM = r"""
import os, signal, socket, subprocess, sys, threading, time

mode = os.environ.get("MODE", "")
if mode == "crash":
    sys.exit("it crashed on purpose")
if mode == "never":
    print("it never listens", flush=True)
    time.sleep(600)
if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if mode == "polite":
    def leave(*_):
        print("it was asked to leave", flush=True)
        sys.exit(0)
    signal.signal(signal.SIGTERM, leave)
if mode == "parent":
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    print("child", child.pid, flush=True)
gate = os.environ.get("GATE")
if mode == "crash-without" and not os.path.exists(gate):
    sys.exit("it needs its gate")


def answer(connection):
    with connection:
        head = b""
        while b"\r\n\r\n" not in head:
            data = connection.recv(65536)
            if not data:
                return
            head += data
        path = head.split(b" ")[1]
        body = f"{os.getpid()} {os.environ.get('VERSION', '')}".encode()
        status = "200 OK" if gate is None or os.path.exists(gate) else "503 Service Unavailable"
        if path == b"/missing":
            status = "404 Not Found"
        if path == b"/big":
            body = b"x" * 4_000_000
        if path in (b"/slow", b"/slower"):
            time.sleep(0.3 if path == b"/slow" else 5)
        if path == b"/echo":  # until the client has said all
            rest = head.partition(b"\r\n\r\n")[2]
            while data := connection.recv(65536):
                rest += data
            body = rest
        if path == b"/endless":  # more than all buffers on the way hold
            connection.sendall(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
            while True:
                try:
                    connection.sendall(b"x" * 65536)
                except OSError:
                    return
        if path == b"/head":
            body = head
        if path == b"/die":
            os.kill(os.getpid(), signal.SIGKILL)
        head = f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        connection.sendall(head.encode() + body)


listener = socket.create_server((os.environ["OUTLAST_HOST_BIND"], int(os.environ["PORT"])), backlog=512)
while True:
    connection, _ = listener.accept()
    threading.Thread(target=answer, args=(connection,), daemon=True).start()
"""
_blocks = itertools.count(os.getpid())


def build_image(folder: Path) -> images.Image:
    """An image of the tiny service in the store `folder / "store"`."""
    context = folder / "context"
    context.mkdir(parents=True, exist_ok=True)
    (context / "it.py").write_text(PROGRAM)
    dockerfile = context / "Dockerfile"
    dockerfile.write_text('FROM python:3.11\nWORKDIR /app\nCOPY it.py ./\nCMD ["python", "-S", "it.py"]\n')
    return images.build(context, dockerfile, folder / "store")


def own_block() -> str:
    """The first three octets of loopback addresses that no other test has, also in another worker of pytest.

    Above those that sandboxes choose from, so that tests may run beside one.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
    return f"127.{192 + os.getpid() % 7 * 8 + worker}.{next(_blocks) % 256}"


class Wall:
    """The wall clock, moved on when a test does not want to wait."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


def workload(image: images.Image, *, count: int = 1, most: int | None = None, **environment: str) -> Workload:
    """`count` replicas of the tiny service at the site `aws`, at most `most`."""
    variables = tuple(sorted(environment.items()))
    return Workload("service", "aws", image.digest, PORT, variables, count, count if most is None else most, 2, "/")


@contextmanager
def supervised(
    folder: Path, image: images.Image, wall: Wall, said: list[str] | None = None, *, addresses: int = 8, **more: Any
) -> Iterator[Supervisor]:
    """A running supervisor that has its files in `folder`; what it reports is added to `said`."""
    block = own_block()
    supervisor = Supervisor(
        clock=ScaledClock(1, wall=wall),
        image_store=image.folder.parent,
        addresses=[f"{block}.{host}" for host in range(1, addresses + 1)],
        state_file=folder / "processes.json",
        logs=folder / "logs",
        report=(said if said is not None else []).append,
        stop_wall_seconds=0.3,
        **more,
    )
    supervisor.start()
    try:
        yield supervisor
    finally:
        supervisor.stop()


def until(holds: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait until something holds; fail where it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
