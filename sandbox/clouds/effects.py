"""What follows from the resources that exist: which workloads run, which listeners are open, which names resolve.

Each cloud derives its part from the world alone, so a restart finds the same effects, and taking a resource away
takes its effect away. `why_not` says for each entry point that does not serve what it is waiting for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.alarms.rule import AlarmRule
from sandbox.network.listeners import EntryPoint
from sandbox.replicas.workload import Workload


@dataclass
class Effects:
    workloads: list[Workload] = field(default_factory=list)
    proven: dict[str, Workload] = field(default_factory=dict)  # by key: the last that was seen working
    entry_points: list[EntryPoint] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=dict)  # cloud-owned DNS name -> addresses
    why_not: dict[str, str] = field(default_factory=dict)  # resource key -> what is missing
    alarms: list[AlarmRule] = field(default_factory=list)

    def add(self, other: Effects) -> None:
        self.workloads += other.workloads
        self.proven |= other.proven
        self.entry_points += other.entry_points
        self.names |= other.names
        self.why_not |= other.why_not
        self.alarms += other.alarms


def environment_pairs(variables: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Environment variables in a fixed order, so that equal workloads are equal."""
    return tuple(sorted(variables.items()))
