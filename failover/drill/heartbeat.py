"""The lock of a running drill is renewed while it runs: a machine that dies blocks the others for two minutes at most.

A thread does it, because a drill may wait for a cloud's API for longer than a lock lasts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self, cast

from failover.drill.actions import Levers
from failover.levers.change import LOCK, Change, sign
from failover.levers.flag import LockLever
from service.errors import OutlastError, Refused

LOCK_SECONDS, RENEW_SECONDS = 120.0, 30.0  # real time
_JOIN_SECONDS = 45.0  # longer than a renewal may take, which reads and writes: a late write would take the lock again


def end_of_lock(now: datetime) -> datetime:
    """Until when a lock that is taken or renewed now is held."""
    return now + timedelta(seconds=LOCK_SECONDS)


@dataclass
class Heartbeat:
    """Renews `lock`, as it was taken, while in its `with` block; `lost` says why it is not held any more."""

    levers: Levers
    lock: Change
    utc: Callable[[], datetime]
    every_seconds: float = RENEW_SECONDS
    lost: str = ""
    _stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._held_until = datetime.fromisoformat(str(self.lock.after["expires_at"]))
        self._thread = threading.Thread(target=self._beat, name="lock", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=_JOIN_SECONDS)

    def renew(self) -> None:
        """Hold the lock for longer. While the store does not answer it is held until it ends."""
        ends = end_of_lock(self.utc())
        try:
            cast(LockLever, self.levers[LOCK]).renew(sign(self.lock, str(self.lock.after["id"]), ends))
            self._held_until = ends
        except Refused as error:
            self.lost = f"the drill's lock was taken: {error.what}"
        except OutlastError as error:
            if self.utc() >= self._held_until:
                self.lost = f"the drill's lock has run out and cannot be renewed: {error.what}"

    def _beat(self) -> None:
        while not self.lost and not self._stop.wait(self.every_seconds):
            self.renew()
