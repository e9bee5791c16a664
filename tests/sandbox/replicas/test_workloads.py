"""How many replicas a workload has is decided by its bounds, its connections and the time, and by nothing else."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field, replace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from sandbox.replicas.scaling import Keda
from sandbox.replicas.workload import Workload
from sandbox.replicas.workloads import QUIET_SECONDS, Group, Replica

ASKED = Workload("key", "aws", "sha256:1", 8080, (), 1, 3, 10, "/")
BOUNDS = st.tuples(st.integers(0, 5), st.integers(0, 5)).map(lambda pair: (min(pair), max(pair)))
LOADS = st.lists(st.tuples(st.integers(0, 80), st.floats(0, 400)), max_size=20)


def group(low: int, high: int) -> Group:
    asked = replace(ASKED, min_replicas=low, max_replicas=high)
    return Group(asked, proven=asked)


@given(bounds=BOUNDS, loads=LOADS)
def test_the_bounds_hold_whatever_the_load(bounds: tuple[int, int], loads: list[tuple[int, float]]) -> None:
    low, high = bounds
    it, now = group(low, high), 0.0
    for load, passed in loads:
        now += passed
        it.waiting = load
        it.scale(now)
        assert low <= it.wanted <= high
        assert it.wanted >= min(high, -(-load // ASKED.concurrency))  # enough for the load, where the bound allows


@given(bounds=BOUNDS, load=st.integers(0, 80))
def test_a_steady_load_ends_at_what_it_needs(bounds: tuple[int, int], load: int) -> None:
    low, high = bounds
    it = group(low, high)
    it.waiting = 80
    it.scale(0.0)
    it.waiting = load
    it.scale(1.0)
    it.scale(QUIET_SECONDS + 2)
    assert it.wanted == min(high, max(low, -(-load // ASKED.concurrency)))


@given(first=BOUNDS, second=BOUNDS)
def test_new_bounds_act_at_once(first: tuple[int, int], second: tuple[int, int]) -> None:
    it = group(*first)
    it.scale(0.0)
    it.ask(replace(it.workload, min_replicas=second[0], max_replicas=second[1]))
    it.scale(0.0)
    assert second[0] <= it.wanted <= second[1]
    assert it.missing(0.0) == it.wanted


def test_a_revision_that_never_served_starts_once_even_where_none_has_to_stay() -> None:
    it = Group(replace(ASKED, min_replicas=0))
    it.scale(0.0)
    assert it.wanted == 1
    stopped = Group(replace(ASKED, min_replicas=0, max_replicas=0))
    stopped.scale(0.0)
    assert stopped.wanted == 0


def test_what_to_fall_back_on_is_asked_at_the_load_balancers_path_too() -> None:
    old = replace(ASKED, image="sha256:old", probed_by_balancer=True)
    new = replace(old, image="sha256:new")
    group = Group(new, proven=old)
    assert group.ask(replace(new, probe_path="/x")) == [], "none runs yet"
    group.fail(group.workload.revision, "it crashed", 0.0)
    assert group.active == replace(old, probe_path="/x")


# -- by a cloud's own rule -------------------------------------------------------------------------------------------

RULE = Keda(requests_per_second=1, cpu_percent=0, cpus=1.0)
SCALED = replace(ASKED, scaling=RULE, max_replicas=4)


def test_a_rule_moves_the_number_within_the_bounds_and_the_cloud_is_told_once() -> None:
    it = Group(SCALED, proven=SCALED)
    it.scale(0.0)
    assert (it.wanted, it.take_news()) == (1, None), "as many as were asked for is no news"
    it.meter.requests = 90
    it.scale(30.0)
    assert (it.wanted, it.take_news(), it.take_news()) == (3, 3, None)
    it.meter.requests = 9000
    it.scale(60.0)
    assert it.wanted == 4, "the most that there may be"


def test_connections_are_the_rules_to_judge_but_for_the_first() -> None:
    it = Group(SCALED, proven=SCALED)
    it.waiting = 80
    it.scale(0.0)
    assert it.wanted == 1
    asleep = replace(SCALED, min_replicas=0)
    sleeping = Group(asleep, proven=asleep)
    sleeping.scale(0.0)
    assert sleeping.wanted == 0
    sleeping.waiting = 1
    sleeping.scale(1.0)
    assert sleeping.wanted == 1


def test_it_begins_with_as_many_as_the_cloud_remembers_and_follows_who_asks_it_for_others() -> None:
    it = Group(replace(SCALED, start=3), proven=SCALED)
    it.scale(0.0)
    assert it.wanted == 3
    it.ask(replace(SCALED, start=2))
    assert it.wanted == 2
    it.wanted = 4  # the rule's
    it.ask(replace(SCALED, start=2))
    assert it.wanted == 4, "what the cloud said before is no news"


def test_requests_at_once_are_counted_over_the_time_that_they_last() -> None:
    it = Group(SCALED, proven=SCALED)
    it.waiting = 10
    for now in (0.0, 1.0, 3.0):
        it.scale(now)
    assert it.meter.request_seconds == 30


# -- capacity that is taken back -------------------------------------------------------------------------------------


@dataclass
class Process:
    """One that notes what it is sent."""

    sent: list[int] = field(default_factory=list)
    pid: int = 1
    alive: bool = True

    def send(self, number: int) -> None:
        self.sent.append(number)


def running(it: Group, count: int) -> list[Process]:
    processes = [Process() for _ in range(count)]
    for started, process in enumerate(processes):
        it.replicas.append(Replica(it.workload, "127.0.0.2", cast(Any, process), float(started), ready=True))
    it.wanted = count
    return processes


def test_of_four_tasks_above_the_base_three_are_on_spot() -> None:
    asked = replace(ASKED, spot_base=2, spot_share=0.75)
    assert [asked.on_spot(count) for count in (0, 2, 3, 4, 6, 10)] == [0, 0, 0, 1, 3, 6]
    assert ASKED.on_spot(10) == 0, "nothing says that any is"


def test_what_is_taken_back_is_told_to_end_and_replaced_when_there_is_capacity_again() -> None:
    asked = replace(ASKED, min_replicas=2, max_replicas=6, spot_base=2, spot_share=0.75)
    it = Group(asked, proven=asked)
    processes = running(it, 6)
    assert it.take_back(until=600.0) == 3
    assert [process.sent for process in processes] == [[], [], [], *([[signal.SIGTERM]] * 3)], "the newest, to drain"
    assert it.missing(now=1.0) == 0
    for replica in it.replicas[3:]:
        it.note_death(replica, now=30.0)
    assert [r.serves for r in it.replicas] == [True] * 3 and it.failed == {}
    assert it.missing(now=599.0) == 0, "there is none of Spot's capacity"
    assert it.missing(now=600.0) == 3


def test_a_fault_that_is_healed_brings_them_back_at_once() -> None:
    asked = replace(ASKED, min_replicas=4, max_replicas=4, spot_base=0, spot_share=1.0)
    it = Group(asked, proven=asked)
    running(it, 4)
    assert it.take_back(until=600.0) == 4
    it.release()
    assert it.missing(now=1.0) == 4
