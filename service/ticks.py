"""How it is told that something goes on: a bar on a terminal, else a line after two seconds and then every ten.

Only the standard library is imported here: the virtual environment is made with it, and the serving image has nothing
to draw with.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

LONG_SECONDS, TICK_SECONDS = 2.0, 10.0
"""What takes less needs no word; how often it is said that it goes on."""


@contextmanager
def ticking(tell: Callable[[], None], *, first: float = LONG_SECONDS, every: float = TICK_SECONDS) -> Iterator[None]:
    """Let a thread `tell` while this lasts: after `first` seconds, then `every` so many. Short work is not told."""
    over = threading.Event()
    thread = threading.Thread(target=_tell_until, args=(over, tell, first, every), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _tell_until(over: threading.Event, tell: Callable[[], None], first: float, every: float) -> None:
    rest = first
    while not over.wait(rest):
        tell()
        rest = every


def open_bars() -> Any:
    """Bars of rich on stderr; None where that is no terminal, or there is nothing to draw with."""
    if not sys.stderr.isatty():
        return None
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
    except ImportError:
        return None
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    # What is said meanwhile on stderr comes above the bar; data on stdout is left alone.
    return Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
