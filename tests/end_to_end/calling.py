"""Clients that call the endpoint without pause while something is broken, and what they had to bear."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from failover.client import Endpoint, EndpointError
from service.errors import OutlastError

PERIOD_SECONDS = 0.05


@dataclass
class Borne:
    """What all callers saw: one entry a call, with when it began and ended, and why it failed."""

    calls: list[tuple[float, float, str]] = field(default_factory=list)

    @property
    def failures(self) -> list[str]:
        return [why for _, _, why in self.calls if why]

    @property
    def window_seconds(self) -> float:
        """From the begin of the first call that failed to the end of the last one; 0 where none did."""
        bad = [(began, ended) for began, ended, why in self.calls if why]
        return max(ended for _, ended in bad) - min(began for began, _ in bad) if bad else 0.0

    @property
    def slowest_seconds(self) -> float:
        return max(ended - began for began, ended, _ in self.calls)


def calling(endpoint: Endpoint, features: dict[str, Any], *, callers: int = 3) -> AbstractContextManager[Borne]:
    """Call without pause while in the block; what was borne is complete after it."""
    return asking(lambda: endpoint.predict(features), callers=callers)


@contextmanager
def asking(ask: Callable[[], object], *, callers: int = 3, pause_seconds: float = PERIOD_SECONDS) -> Iterator[Borne]:
    """The same by any means of asking: one that repeats nothing shows every request that fails."""
    borne, stop = Borne(), threading.Event()

    def call() -> None:
        while not stop.wait(pause_seconds):
            began, why = time.monotonic(), ""
            try:
                ask()
            except (EndpointError, OutlastError) as error:
                why = str(error)
            borne.calls.append((began, time.monotonic(), why))

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield borne
    finally:
        stop.set()
        for thread in threads:
            thread.join()
