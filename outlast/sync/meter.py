"""How far a long run is: a bar on a terminal, a line every few seconds without one."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from outlast.sync.reckoning import describe_bytes
from service.command_line import say

EVERY_SECONDS = 2.0


class Meter:
    """Counts bytes from any thread. Nothing is shown of what takes less than two seconds, without a terminal."""

    def __init__(self, doing: str, size: int) -> None:
        self._doing, self._size, self._done = doing, size, 0
        self._told = time.monotonic()
        self._lock = threading.Lock()
        self._is_shown = sys.stderr.isatty()
        columns = (TextColumn(doing), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True, disable=not self._is_shown)
        self._task = self._bar.add_task(doing, total=size)

    def __enter__(self) -> Meter:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def add(self, size: int) -> None:
        """So many bytes more are done."""
        with self._lock:
            self._done += size
            self._bar.advance(self._task, size)
            now = time.monotonic()
            if not self._is_shown and now - self._told >= EVERY_SECONDS:
                self._told = now
                say(f"{self._doing}: {describe_bytes(self._done)} of {describe_bytes(self._size)}")
