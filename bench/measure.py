"""What is measured of one server: throughput, latency, start, memory, overload. Each starts a process of its own."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.environments import make_environment
from bench.load import CONNECTIONS, SERVER_CORE, Open, run_closed, run_open
from bench.peers import HEAVY, MODEL, Ask, Peer, ask
from service.errors import OutlastError

START_SECONDS = 120.0
MANY_ROWS = 64
MANY_CONNECTIONS = 4  # sixteen such requests at once are a standing queue, which ours sheds


@dataclass(frozen=True)
class Plan:
    """How long each measurement takes. Of closed loops, starts and open loops that are repeated, the median counts."""

    closed_seconds: float = 10.0
    open_seconds: float = 20.0
    opens: int = 5  # of ours and the bare server: their p99 is a target, and one run's is half chance
    overload_seconds: float = 30.0
    starts: int = 5
    repeats: int = 3
    memory_requests: int = 100_000


QUICK = Plan(closed_seconds=2, open_seconds=3, overload_seconds=4, starts=1, repeats=1, opens=1, memory_requests=5_000)


@dataclass(frozen=True)
class Overload:
    """What happened at three times the capacity, on binary requests of 64 rows of the heavier model.

    Seconds, except where a share is said.
    """

    capacity_per_second: float
    sent_per_second: float
    unloaded_p99: float
    accepted_p99: float
    shed_p99: float
    accepted_share: float
    other_share: float  # neither 200 nor 503
    recovered_after: float
    generator_share: float  # of its core, during the overload


@contextmanager
def running(peer: Peer) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A server on its own core, on a free port; its whole family of processes is ended afterwards."""
    python = make_environment(peer.name.replace(" ", "-").lower(), peer.lock)
    with tempfile.TemporaryDirectory() as folder:
        port = _free_port()
        # Errors of the peers are kept; a benchmark whose server writes to a terminal measures the terminal.
        with Path(folder, "out").open("wb") as out:
            process = subprocess.Popen(
                ["taskset", "-c", SERVER_CORE, *peer.command(python, port)],
                cwd=peer.folder,
                env=_environment(peer, port, folder),
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        try:
            yield port, process
        except OutlastError as error:
            said = Path(folder, "out").read_text(errors="replace")[-1500:]
            raise OutlastError(f"{error.what}; its last words:\n{said}") from error
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a server with all its workers, also those that have left its process group, as BentoML's do."""
    family: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for each in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    process.wait()


def _environment(peer: Peer, port: int, folder: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        "ORT_DISABLE_TELEMETRY": "1",
        "BENCH_MODEL": str(MODEL),
        "TMPDIR": folder,
        **peer.environment(port, Path(folder)),
    }


def _free_port() -> int:
    """The first of three free ports in a row: MLServer takes all of them. Below the range that clients are given."""
    while True:
        port = random.randrange(20000, 30000)
        with contextlib.suppress(OSError):
            for each in range(port, port + 3):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", each))
            return port


def ask_once(request: Ask, port: int) -> tuple[int, bytes]:
    """One request; raises OSError where nobody listens yet."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", request.path, request.body, dict(request.headers))
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def wait_until_right(peer: Peer, request: Ask, port: int, process: subprocess.Popen[bytes]) -> None:
    """Poll until the golden row gets its label. Raises OutlastError when it never does."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            status, body = ask_once(request, port)
            if status == 200 and request.label in body:
                return
        if process.poll() is not None:
            raise OutlastError(f"{peer.name} left with {process.returncode} before it answered")
        time.sleep(0.005)
    raise OutlastError(f"{peer.name} gave no right answer within {START_SECONDS:g} s")


@contextmanager
def ready(peer: Peer) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A server that has answered rightly."""
    with running(peer) as (port, process):
        wait_until_right(peer, ask(peer, 1), port, process)
        yield port, process


def measure_throughput(peer: Peer, plan: Plan, rows: int, *, binary: bool = False) -> float:
    """Right answers per second, the median of several closed loops on one warm process."""
    request = ask(peer, rows, binary=binary)
    with ready(peer) as (port, _):
        connections = CONNECTIONS if rows == 1 else MANY_CONNECTIONS
        run_closed(request, port, min(2.0, plan.closed_seconds), connections)
        runs = [run_closed(request, port, plan.closed_seconds, connections) for _ in range(plan.repeats)]
        return statistics.median(run.per_second for run in runs)


def measure_latency(peer: Peer, plan: Plan, times: int = 1, per_second: float = 500) -> list[Open]:
    """Open loops at a fixed rate, one after the other on a warm process."""
    request = ask(peer, 1)
    with ready(peer) as (port, _):
        run_closed(request, port, 1.0)
        return [run_open(request, port, per_second, plan.open_seconds) for _ in range(times)]


def measure_start(peer: Peer, plan: Plan) -> float:
    """Seconds from starting the process to its first right answer; the median of several, files in the cache.

    One start before them is not counted: it may compile bytecode, and brings the files into the cache.
    """
    times = []
    for _ in range(1 + plan.starts):
        started = time.monotonic()
        with running(peer) as (port, process):
            wait_until_right(peer, ask(peer, 1), port, process)
            times.append(time.monotonic() - started)
    return statistics.median(times[1:])


def measure_memory(peer: Peer, plan: Plan, seconds_at_most: float = 600) -> tuple[float, float]:
    """Bytes (proportional set size of all its processes) after a tenth of the requests and after all of them."""
    request = ask(peer, 1)
    with ready(peer) as (port, process):
        marks = []
        done = 0.0
        for goal in (plan.memory_requests / 10, plan.memory_requests):
            began = time.monotonic()
            while done < goal and time.monotonic() - began < seconds_at_most:
                done += run_closed(request, port, 2).per_second * 2
            marks.append(_resident(process))
        return marks[0], marks[1]


def _resident(process: subprocess.Popen[bytes]) -> float:
    root = psutil.Process(process.pid)
    total = 0
    for each in [root, *root.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            total += each.memory_full_info().pss
    return float(total)


@contextmanager
def sampling(look: Callable[[], float], every_seconds: float, samples: list[float]) -> Iterator[None]:
    """Add what `look` gives to the samples, again and again during the block."""
    over = threading.Event()

    def sample() -> None:
        while not over.wait(every_seconds):
            samples.append(look())

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def measure_overload(peer: Peer, plan: Plan) -> Overload:
    """Three times the capacity for a while, on requests that cost the server much and the generator little.

    Those are 64 binary rows of the heavier model. With the lighter one's JSON the generator itself is at its core's
    limit, and what is timed is how late it reads.
    """
    request = ask(peer, MANY_ROWS, binary=True, model=HEAVY)
    with ready(peer) as (port, _):
        run_closed(request, port, 1.0, MANY_CONNECTIONS)
        capacity = run_closed(request, port, plan.closed_seconds, MANY_CONNECTIONS).per_second
        calm = run_open(request, port, max(10, capacity / 10), plan.open_seconds)
        storm = run_open(request, port, 3 * capacity, plan.overload_seconds)
        after = run_open(request, port, max(10, capacity / 10), 4)
    limit = 2 * calm.percentile(99)
    late = [hit.at for hit in after.hits if hit.status != 200 or hit.seconds > limit]
    # The last late answer ends the recovery, were it not that one in a hundred is late in calm as well.
    tolerated = int(len(after.hits) * 0.02)
    recovered = sorted(late)[-1 - tolerated] if len(late) > tolerated else 0.0
    return Overload(
        capacity_per_second=capacity,
        sent_per_second=storm.sent_per_second,
        unloaded_p99=calm.percentile(99),
        accepted_p99=storm.percentile(99),
        shed_p99=storm.percentile(99, 503),
        accepted_share=storm.share(200),
        other_share=1 - storm.share(200) - storm.share(503),
        recovered_after=recovered,
        generator_share=storm.generator_share,
    )
