"""End a long command by SIGTERM at once: what is finished is kept, the fit in flight is lost.

A container's first process is not ended by SIGTERM unless it asks for it, and a fit in a library's C code lets no
Python run in this thread. So a second thread is told of the signal by a pipe and ends the process where the first does
not in time, well before a service's grace is over (SageMaker's is 120 s: StopTrainingJob, botocore).
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

TERMINATED = 128 + signal.SIGTERM
_SECONDS = 5.0  # for ending in order


@contextmanager
def stop_on_sigterm(say: Callable[[str], None], *, seconds: float = _SECONDS) -> Iterator[None]:
    """While this is open, SIGTERM ends the process with code 143. To be called by the first thread."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    previous = signal.signal(signal.SIGTERM, lambda number, frame: _leave(say, number, frame))
    earlier = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    watcher = threading.Thread(target=_watch, args=(reading, seconds), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(earlier)
        signal.signal(signal.SIGTERM, previous)
        os.close(writing)
        watcher.join()
        os.close(reading)


def _leave(say: Callable[[str], None], number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # one is enough: a second would break off the first's clearing up
    say("stopped by SIGTERM: finished fits are kept, the same job goes on from there")
    raise SystemExit(TERMINATED)


def _watch(reading: int, seconds: float) -> None:
    """Wait for SIGTERM's byte, or for the pipe's end; other signals write into the pipe as well."""
    while number := os.read(reading, 1):
        if number[0] == signal.SIGTERM:
            last = threading.Timer(seconds, os._exit, (TERMINATED,))
            last.daemon = True
            last.start()
            return
