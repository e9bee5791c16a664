"""Counts the bytes of a long run from any thread, and shows them as other long steps are shown."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from service.evaluation.progress import show_progress


@contextmanager
def count_bytes(doing: str, size: int) -> Iterator[Callable[[int], None]]:
    """What is to be told of every piece that is done."""
    lock, done = threading.Lock(), 0
    with show_progress() as announce:

        def add(piece: int) -> None:
            nonlocal done
            with lock:
                done += piece
                announce(f"{doing}, kB", done // 1000, size // 1000)

        yield add
