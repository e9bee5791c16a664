"""Who watches the daemon's threads: one that ends before it should is named, and the sandbox leaves, saying so.

A sandbox that goes on without its entry points or its checkers looks like three clouds that failed at once. What a
thread can survive it survives by itself (one listener, one checker, one replica); the rest is for here.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable
from pathlib import Path

VITAL = ("control", "follow", "listeners", "moving-route53", "resolver", "route53-api", "supervisor")
"""Names of the threads without which there is no sandbox."""


class Watch:
    """The vital threads of one daemon, and why those of them that died did. `file` tells it to later commands."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._threads: list[threading.Thread] = []
        self._reasons: dict[str, str] = {}
        file.unlink(missing_ok=True)

    def follow(self, started: Iterable[threading.Thread]) -> None:
        """Watch those of the threads that are vital. Raises ValueError where one is missing."""
        self._threads = [thread for thread in started if thread.name in VITAL]
        missing = set(VITAL) - {thread.name for thread in self._threads}
        if missing:
            raise ValueError(f"no thread is called {', '.join(sorted(missing))}")

    def note(self, failure: threading.ExceptHookArgs) -> None:
        """For `threading.excepthook`: remember what ended a thread, and show its traceback as ever."""
        if failure.thread is not None:
            self._reasons[failure.thread.name] = f"{failure.exc_type.__name__}: {failure.exc_value}"
        threading.__excepthook__(failure)

    def dead(self) -> list[str]:
        """What is no longer there, with the reason; empty as long as all is well."""
        return [
            f"the thread {thread.name} has died: {self._reasons.get(thread.name, 'it ended without a word')}"
            for thread in self._threads
            if not thread.is_alive()
        ]

    def write_down(self, dead: Iterable[str]) -> None:
        """Leave word for `make status`, which has nobody to ask any more."""
        with contextlib.suppress(OSError):  # the log has it too
            self._file.write_text(f"{time.strftime('%H:%M:%S')}: {'; '.join(dead)}\n")
