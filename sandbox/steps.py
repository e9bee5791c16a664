"""Long work in steps: each says what it does, goes on saying so while it lasts, and says how long it took.

Only the standard library is imported: the virtual environment is made with it as well.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from service.ticks import LONG_SECONDS, TICK_SECONDS, ticking

Report = Callable[[str], None]
Bar = Callable[[str], AbstractContextManager[object]]


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
        began = time.monotonic()
        if doing:
            self._report(doing)
        try:
            with self._go_on_saying(doing, began):
                yield
        finally:
            took = time.monotonic() - began
            with self._lock:
                self.seconds[name] = round(took, 2)
        if doing and took >= LONG_SECONDS:
            self._report(f"{doing}: done in {took:.1f} s")

    @contextmanager
    def _go_on_saying(self, doing: str, began: float) -> Iterator[None]:
        if doing and self._bar is not None and self._bar_is_free.acquire(blocking=False):
            try:
                with self._bar(doing):
                    yield
            finally:
                self._bar_is_free.release()
            return
        if not doing:
            yield
            return

        def tell() -> None:
            self._report(f"{doing}: {time.monotonic() - began:.0f} s so far")

        with ticking(tell, first=self._tick_seconds, every=self._tick_seconds):
            yield
