"""A clock that runs `speed` times faster than real time: it divides every interval, TTL and deadline together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from service.errors import InvalidInput, Mistake

SPEEDS = (1, 2, 3, 5, 10, 15)
"""The divisors of 30 up to 15: they keep the usual TTLs (30, 60, 300, 900 s) whole numbers of real seconds."""


class ScaledClock:
    """Simulated time. Every duration is in simulated seconds unless a name says wall: real time. Thread-safe."""

    def __init__(self, speed: int = 1, *, wall: Callable[[], float] = time.monotonic) -> None:
        _check(speed)
        self._wall = wall
        self._lock = threading.Lock()
        self._speed = speed
        self._base_wall = wall()
        self._base_life = self._base_wall

    @property
    def speed(self) -> int:
        """How many simulated seconds pass in one real second."""
        return self._speed

    def simulated_now(self) -> float:
        """simulated seconds since some past moment; never goes back, also when the speed changes."""
        with self._lock:
            return self._now()

    def to_wall(self, seconds: float) -> float:
        """How many real seconds `seconds` of simulated time last, at the speed of this moment."""
        return seconds / self._speed

    def ttl(self, seconds: int) -> int:
        """A TTL as a client in real time has to count it: whole seconds, at least 1 unless it is 0."""
        return max(1, seconds // self._speed) if seconds else 0

    def set_speed(self, speed: int) -> None:
        """Go on from this moment at another speed.

        Raises:
            InvalidInput: a speed that would leave TTLs broken.
        """
        _check(speed)
        with self._lock:
            self._base_life, self._base_wall = self._now(), self._wall()
            self._speed = speed

    def _now(self) -> float:
        return self._base_life + (self._wall() - self._base_wall) * self._speed


def _check(speed: int) -> None:
    if speed not in SPEEDS:
        allowed = ", ".join(map(str, SPEEDS))
        raise InvalidInput("the clock cannot run so", [Mistake("speed", f"{speed!r}", f"take one of {allowed}")])
