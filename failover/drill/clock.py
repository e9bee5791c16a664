"""Time, handed in: wall clock and monotonic clock, and the one conversion between wall seconds and life seconds."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """`now` is monotonic, in wall seconds; `utc` is for people, tags and names of folders."""

    def now(self) -> float: ...
    def utc(self) -> datetime: ...
    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> float:
        """Monotonic wall seconds."""
        return time.monotonic()

    def utc(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait for so many wall seconds."""
        time.sleep(max(0.0, seconds))
