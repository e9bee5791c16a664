"""Processor time is counted as long as replicas live, and only so many are started as the machine bears."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

from sandbox.replicas.machine import MEASURE_SECONDS, bearable, has_memory, measure
from sandbox.replicas.scaling import Keda
from sandbox.replicas.workload import Workload
from sandbox.replicas.workloads import Group, Replica

ASKED = Workload("key", "aws", "sha256:1", 8080, (), 2, 5, 10, "/", scaling=Keda(1, 0, 1.0))


@dataclass
class Process:
    cpu_seconds: float = 0.0
    alive: bool = True


def test_what_a_replica_used_stays_counted_when_it_is_gone() -> None:
    process = Process(3.0)
    group = Group(ASKED)
    group.replicas = [Replica(ASKED, "127.0.0.2", cast(Any, process), 0.0)]
    measure(group, MEASURE_SECONDS)
    process.cpu_seconds = 5.0
    measure(group, 2 * MEASURE_SECONDS)
    process.cpu_seconds = 0.0  # it ended: nothing is seen of it any more
    measure(group, 3 * MEASURE_SECONDS)
    assert group.meter.cpu_seconds == 5.0
    unscaled = Group(replace(ASKED, scaling=None), replicas=group.replicas)
    measure(unscaled, 4 * MEASURE_SECONDS)
    assert unscaled.meter.cpu_seconds == 0.0


def test_beyond_the_least_only_as_many_are_started_as_the_machine_bears() -> None:
    said: list[str] = []
    group = Group(ASKED, wanted=4)
    assert bearable(group, 4, lambda: True, said.append) == 4
    assert bearable(group, 4, lambda: False, said.append) == 2
    assert bearable(group, 2, lambda: False, said.append) == 2
    assert said == ["key: this machine has no memory for another replica: 0 are wanted"]


def test_this_machine_is_asked() -> None:
    assert has_memory() in (True, False)
