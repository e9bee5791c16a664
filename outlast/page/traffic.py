"""A trickle of requests by several kinds of clients, only while somebody looks at the page."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

from failover.drill.kinds import Around, play
from failover.drill.samples import Look
from failover.recovery.kinds import find_kind
from outlast.page.view import Asked

SHOWN = ("ttl", "jvm", "browser", "outlast")
"""Of `failover.recovery.kinds`: these leave a lost site one after the other, which is what there is to see."""
EVERY_SECONDS = 0.5
KEPT = 1_000


class Client(Protocol):
    """The next request of a client, and how it went."""

    def __call__(self) -> Look: ...


@dataclass
class Running:
    """What ends the threads of one time that the page was open."""

    stop: threading.Event
    resources: ExitStack


class Traffic:
    """Threads that ask, one for each kind, from the first viewer to the last one's leaving."""

    def __init__(self, open_clients: Callable[[ExitStack], dict[str, Client]]) -> None:
        self._open_clients = open_clients
        self._asked: deque[Asked] = deque(maxlen=KEPT)
        self._lock = threading.Lock()
        self._viewers = 0
        self._allowed = threading.Event()
        self._allowed.set()
        self._running: Running | None = None

    def asked(self) -> list[Asked]:
        """The latest requests, the oldest first."""
        return sorted(self._asked.copy(), key=lambda one: one.at)

    @property
    def is_watched(self) -> bool:
        """Whether somebody looks."""
        return self._viewers > 0

    def allow(self, may: bool) -> None:
        """Whether there is anybody to ask: until DNS has a site, every request would only fail."""
        (self._allowed.set if may else self._allowed.clear)()

    @property
    def is_running(self) -> bool:
        return self._running is not None

    def enter(self) -> None:
        """One more looks at the page."""
        with self._lock:
            if self._running is None:
                self._running = self._start()
            self._viewers += 1

    def leave(self) -> None:
        """One fewer looks; without any, nothing is asked."""
        with self._lock:
            self._viewers -= 1
            if self._viewers == 0 and self._running is not None:
                self._running.stop.set()
                self._running = None

    def _start(self) -> Running:
        running = Running(threading.Event(), ExitStack())
        clients = self._open_clients(running.resources)
        threads = [
            threading.Thread(target=self._ask, args=(kind, client, running.stop), name=f"page-{kind}", daemon=True)
            for kind, client in clients.items()
        ]
        for thread in threads:
            thread.start()
        threading.Thread(target=_close, args=(running, threads), name="page-close", daemon=True).start()
        return running

    def _ask(self, kind: str, client: Client, stop: threading.Event) -> None:
        while not stop.wait(EVERY_SECONDS):
            if not self._allowed.is_set():
                continue
            began = time.monotonic()
            look = client()
            took = (time.monotonic() - began) * 1000
            self._asked.append(Asked(began, kind, look.site or "", round(took, 1), look.error or look.wrong))


def _close(running: Running, threads: list[threading.Thread]) -> None:
    """Connections are closed once nobody uses them any more; nobody waits for that."""
    running.stop.wait()
    for thread in threads:
        thread.join()
    running.resources.close()


def clients_of(around: Around) -> dict[str, Client]:
    """A client of each kind that is shown."""
    return {kind: play(find_kind(kind), around).look for kind in SHOWN}
