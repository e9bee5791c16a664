"""What callers may make this process hold and do for nothing: bytes buffered, and answers to whoever showed no key."""

from __future__ import annotations


class Budget:
    """Bytes that are held for requests not answered yet, over all connections together."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0

    def take(self, count: int) -> bool:
        """Count bytes in; False, and nothing counted, where they would be over the limit."""
        if self.used_bytes + count > self.limit_bytes:
            return False
        self.used_bytes += count
        return True

    def give(self, count: int) -> None:
        """Count bytes out."""
        self.used_bytes -= count


class Throttle:
    """Puts answers off once more than `rate` a second are asked for: who waits for an answer asks for no other.

    Turning them away at once would cost as much as answering them, and whoever asks in a loop would ask again.
    """

    def __init__(self, rate: float, burst: float, most_seconds: float) -> None:
        self._rate = rate
        self._burst_seconds = burst / rate
        self.most_seconds = most_seconds
        self._due = float("-inf")

    def delay(self, now: float) -> float:
        """Seconds to put this answer off, at most `most_seconds`; `now` in seconds of any clock that does not jump."""
        due = max(self._due, now - self._burst_seconds)
        if due - now >= self.most_seconds:
            return self.most_seconds
        self._due = due + 1 / self._rate
        return max(0.0, due - now)
