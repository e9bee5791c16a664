"""Long work in steps: each says what it does, goes on saying so while it lasts, and says how long it took.

Only the standard library is imported: the virtual environment is made with it as well.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Report = Callable[[str], None]
Bar = Callable[[str], AbstractContextManager[object]]
TOLD_FROM_SECONDS = 2.0  # what takes less needs no figure
TICK_SECONDS = 10.0


class Steps:
    """The steps of one command; `seconds` holds what each took, for people and for `--json`."""

    def __init__(self, report: Report, *, tick_seconds: float = TICK_SECONDS, bar: Bar | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self._report = report
        self._tick_seconds = tick_seconds
        self._bar = bar
        self._bar_is_free = threading.Lock()  # two cannot be drawn on one terminal
        self._lock = threading.Lock()

    @contextmanager
    def step(self, name: str, doing: str = "") -> Iterator[None]:
        """One step; with `doing`, what it does is said at once, every few seconds, and with its time at the end.

        On a terminal a `bar` stands in the place of what would be said every few seconds.
        """
        began, over = time.monotonic(), threading.Event()
        if doing:
            self._report(doing)
        try:
            with self._go_on_saying(doing, began, over):
                yield
        finally:
            over.set()
            took = time.monotonic() - began
            with self._lock:
                self.seconds[name] = round(took, 2)
        if doing and took >= TOLD_FROM_SECONDS:
            self._report(f"{doing}: done in {took:.1f} s")

    @contextmanager
    def _go_on_saying(self, doing: str, began: float, over: threading.Event) -> Iterator[None]:
        if doing and self._bar is not None and self._bar_is_free.acquire(blocking=False):
            try:
                with self._bar(doing):
                    yield
            finally:
                self._bar_is_free.release()
            return
        if doing:
            threading.Thread(target=self._tick, args=(doing, began, over), daemon=True).start()
        yield

    def _tick(self, doing: str, began: float, over: threading.Event) -> None:
        while not over.wait(self._tick_seconds):
            self._report(f"{doing}: {time.monotonic() - began:.0f} s so far")
