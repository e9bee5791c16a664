"""What the replicas use of this machine, and whether it bears more of them."""

from __future__ import annotations

from collections.abc import Callable

import psutil

from sandbox.replicas.workloads import Group

# Simulated seconds between two looks at what the replicas have used of processors.
MEASURE_SECONDS = 5.0
# What is left free of this machine's memory: a replica takes some 150 MB.
_LEAST_FREE_BYTES = 500_000_000


def has_memory() -> bool:
    """Whether this machine has memory for another replica."""
    return int(psutil.virtual_memory().available) > _LEAST_FREE_BYTES


def measure(group: Group, now: float) -> None:
    """Count the processor time of replicas that are scaled by it."""
    if group.workload.scaling is None or now - group.measured_at < MEASURE_SECONDS:
        return
    group.measured_at = now
    for replica in group.replicas:
        used = replica.process.cpu_seconds
        group.meter.cpu_seconds += max(used - replica.cpu_seconds, 0.0)
        replica.cpu_seconds = max(used, replica.cpu_seconds)


def bearable(group: Group, missing: int, bears_more: Callable[[], bool], say: Callable[[str], None]) -> int:
    """How many of the missing to start: of those beyond the least only as long as this machine bears them."""
    least = max(group.workload.min_replicas - len(group.of_revision(group.active.revision)), 0)
    if missing <= least or bears_more():
        return missing
    say(f"{group.workload.key}: this machine has no memory for another replica: {group.wanted} are wanted")
    return least
