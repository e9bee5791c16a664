"""A Dask scheduler and workers as processes, to be killed by their numbers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Scheduler:
    """A scheduler that answers at its address."""

    process: subprocess.Popen[bytes]
    address: str


@contextmanager
def start_scheduler(folder: Path, *, says_version: str = "") -> Iterator[Scheduler]:
    """A scheduler on a free port of the loopback; with `says_version`, one that calls itself another Dask."""
    file = folder / "scheduler.json"
    file.unlink(missing_ok=True)
    before = f"from distributed import versions; versions._version_cached = lambda name: {says_version!r}; "
    code = f"{before if says_version else ''}from distributed.cli.dask_scheduler import main; main()"
    asked = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    with _start(code, asked, folder) as process:
        deadline = time.monotonic() + 60
        while not (address := _read_address(file)):
            assert process.poll() is None, "the scheduler ended"
            assert time.monotonic() < deadline, "the scheduler does not come up"
            time.sleep(0.05)
        yield Scheduler(process, address)


@contextmanager
def start_workers(address: str, count: int, folder: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Workers of one thread each, without anybody who would start them again."""
    code = "from distributed.cli.dask_worker import main; main()"
    asked = [address, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--local-directory", str(folder)]
    with ExitStack() as stack:
        yield [stack.enter_context(_start(code, asked, folder)) for _ in range(count)]


@contextmanager
def _start(code: str, asked: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *asked]
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _read_address(file: Path) -> str:
    try:
        return str(json.loads(file.read_text())["address"])
    except (FileNotFoundError, json.JSONDecodeError):
        return ""
