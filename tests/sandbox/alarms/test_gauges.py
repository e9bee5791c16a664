from __future__ import annotations

import os
import time
from typing import Any

from sandbox.alarms.counts import Counts
from sandbox.alarms.gauges import Gauges


def workload(ready: int, pids: list[int], least: int = 2) -> dict[str, Any]:
    replicas = [{"pid": pid, "ready": number < ready} for number, pid in enumerate(pids)]
    return {"stack": "aws", "min": least, "memory_mib": 2**20, "replicas": replicas}


def test_replicas_that_are_asked_for_and_do_not_serve_are_unhealthy() -> None:
    counts = Counts(lambda: 0.0)
    Gauges(counts, lambda: [workload(1, [os.getpid(), os.getpid()])], dict).note()
    assert counts.measure("replicas", "aws", "maximum", 0, 60) == 1
    assert counts.measure("unhealthy", "aws", "maximum", 0, 60) == 1


def test_more_than_the_minimum_makes_nobody_healthier_than_healthy() -> None:
    counts = Counts(lambda: 0.0)
    Gauges(counts, lambda: [workload(2, [os.getpid()] * 2, least=1)], dict).note()
    assert counts.measure("unhealthy", "aws", "maximum", 0, 60) == 0


def test_health_checks_are_noted_by_themselves() -> None:
    counts = Counts(lambda: 0.0)
    Gauges(counts, list, lambda: {"one": True, "other": False}).note()
    found = [counts.measure("health", check, "minimum", 0, 60) for check in ("one", "other")]
    assert found == [1, 0]


def test_cpu_is_that_since_the_last_look_and_a_process_that_ended_has_none() -> None:
    counts = Counts(lambda: 0.0)
    gauges = Gauges(counts, lambda: [workload(1, [os.getpid(), 2**22 + 1])], dict)
    gauges.note()
    assert counts.measure("cpu", "aws", "count", 0, 60) is None, "there is nothing to compare with"
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    gauges.note()
    used = counts.measure("cpu", "aws", "maximum", 0, 60)
    assert used is not None and used > 1
    assert counts.measure("cpu", "aws", "count", 0, 60) == 1


def test_memory_is_of_what_a_replica_is_given_and_nobody_says_how_much_of_nothing() -> None:
    counts = Counts(lambda: 0.0)
    given, not_said = workload(1, [os.getpid(), 2**22 + 1]), {**workload(1, [os.getpid()]), "stack": "gcp"}
    Gauges(counts, lambda: [given, {**not_said, "memory_mib": 0}], dict).note()
    held = counts.measure("memory", "aws", "maximum", 0, 60)
    assert held is not None and 0 < held < 100
    assert [counts.measure("memory", site, "count", 0, 60) for site in ("aws", "gcp")] == [1, None]


def test_a_process_that_was_gone_meanwhile_is_another_one_of_the_same_number() -> None:
    counts = Counts(lambda: 0.0)
    looks = iter([[workload(1, [os.getpid()])], [], [workload(1, [os.getpid()])]])
    gauges = Gauges(counts, lambda: next(looks), dict)
    for _ in range(3):
        gauges.note()
    assert counts.measure("cpu", "aws", "count", 0, 60) is None
