"""The survivors' replicas while a drill runs: counted by their own clouds' APIs, beside everything else.

A thread of its own asks, so that a cloud that answers slowly, or not at all, delays no step of the drill. What it finds
is evidence and decides nothing: a survivor that cannot be counted is said to be unknown.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, Self

from failover.drill.context import DrillContext
from failover.drill.facts import Facts
from failover.levers.replicas import Replicas
from service.errors import OutlastError

KIND = "replicas"
"""Of the journal's entries."""

SIMULATED_SECONDS, LEAST_SECONDS = 15.0, 1.0  # between two looks; the least in real time
GIVE_UP_AFTER = 3
"""Refusals in a row after which a site is not asked any more: credentials do not come while a drill runs."""

_JOIN_SECONDS = 2.0


class Notes(Protocol):
    """Where counts go: the journal."""

    def write(self, kind: str, **fields: Any) -> None: ...


class ScalingWatch:
    """Counts the replicas of each workload while in its `with` block, and writes every count down."""

    def __init__(
        self, workloads: Mapping[str, str], count: Callable[[str], Replicas], notes: Notes, every_seconds: float
    ) -> None:
        self._workloads = dict(workloads)
        self._count = count
        self._notes = notes
        self._every_seconds = every_seconds
        self._refusals = dict.fromkeys(workloads, 0)
        self._stop, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="replicas", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=_JOIN_SECONDS)
        self._over.set()

    def look(self) -> None:
        """Count once, at every site that has not refused too often."""
        for site, workload in self._workloads.items():
            if self._refusals[site] >= GIVE_UP_AFTER or self._stop.is_set():
                continue
            try:
                found = self._count(workload)
            except OutlastError as error:
                self._refusals[site] += 1
                self._write(site, error=error.what)
            else:
                self._refusals[site] = 0
                self._write(site, ready=found.ready, wanted=found.wanted)

    def _write(self, site: str, **fields: Any) -> None:
        """What a cloud answers when nobody waits any more is left: the journal may be closed."""
        if not self._over.is_set():
            self._notes.write(KIND, site=site, **fields)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.look()
            self._stop.wait(self._every_seconds)


def watch_scaling(context: DrillContext, facts: Facts, notes: Notes) -> AbstractContextManager[object]:
    """The watch over the survivors of one drill, not yet begun; nothing where nobody can count."""
    if context.count_replicas is None:
        return nullcontext()
    workloads = {site.name: site.workload for site in facts.survivors}
    every = max(LEAST_SECONDS, SIMULATED_SECONDS / facts.plan.speed)
    return ScalingWatch(workloads, context.count_replicas, notes, every)
