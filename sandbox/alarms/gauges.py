"""What is looked at now and then, not counted: replicas, their CPU and memory, and what Route 53 finds of checks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psutil

from sandbox.alarms.counts import Counts

_PER_CENT = 100
_MIB = 2**20


class Gauges:
    """Notes how things stand each time that it is asked to.

    Args:
        workloads: what runs, as `Supervisor.status` tells it.
        health: health check -> whether Route 53 finds it healthy.
    """

    def __init__(
        self,
        counts: Counts,
        workloads: Callable[[], Sequence[Mapping[str, Any]]],
        health: Callable[[], Mapping[str, bool]],
    ) -> None:
        self._counts = counts
        self._workloads = workloads
        self._health = health
        self._used: dict[int, tuple[float, float]] = {}  # process -> when it was looked at, its CPU seconds

    def note(self) -> None:
        workloads = self._workloads()
        for workload in workloads:
            self._note_workload(workload)
        # A machine gives the number of a process that ended to another one.
        running = {int(replica["pid"]) for workload in workloads for replica in workload["replicas"]}
        self._used = {pid: used for pid, used in self._used.items() if pid in running}
        for check, healthy in self._health().items():
            self._counts.note("health", check, float(healthy))

    def _note_workload(self, workload: Mapping[str, Any]) -> None:
        site, replicas = str(workload["stack"]), workload["replicas"]
        ready = sum(bool(replica["ready"]) for replica in replicas)
        self._counts.note("replicas", site, ready)
        self._counts.note("unhealthy", site, max(0, int(workload["min"]) - ready))
        for replica in replicas:
            used = self._cpu(int(replica["pid"]))
            if used is not None:
                self._counts.note("cpu", site, used)
            held = _memory(int(replica["pid"]), int(workload["memory_mib"]))
            if held is not None:
                self._counts.note("memory", site, held)

    def _cpu(self, pid: int) -> float | None:
        """Per cent of one core since the last look; None at the first one, and for a process that has ended."""
        try:
            seconds = sum(psutil.Process(pid).cpu_times()[:2])
        except psutil.Error:
            self._used.pop(pid, None)
            return None
        now = time.monotonic()
        then, before = self._used.get(pid, (now, seconds))
        self._used[pid] = now, seconds
        return _PER_CENT * (seconds - before) / (now - then) if now > then else None


def _memory(pid: int, given_mib: int) -> float | None:
    """Per cent of the MiB that a replica is given; None where nobody says how many, or it has ended."""
    try:
        held = int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None
    return _PER_CENT * held / (given_mib * _MIB) if given_mib else None
