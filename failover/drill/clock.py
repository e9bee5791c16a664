"""Time, handed in: the machine's own clock, in real seconds."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class WallClock(Protocol):
    """`now` is monotonic, in real seconds; `utc` is for people, tags and names of folders."""

    def wall_now(self) -> float: ...
    def utc(self) -> datetime: ...
    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own time."""

    def wall_now(self) -> float:
        """Monotonic real seconds."""
        return time.monotonic()

    def utc(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait for so many real seconds."""
        time.sleep(max(0.0, seconds))
