"""Each cloud's rule on a clock that a test moves: when replicas come, when they go, and how many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.replicas.scaling import CPU, REQUESTS, Instances, Keda, Meter, Policy, Rule, Scaler, TargetTracking

BY_REQUESTS = Policy(REQUESTS, 600.0, out_cooldown=60.0, in_cooldown=300.0)  # ten a second for each task
AWS = TargetTracking((BY_REQUESTS,), cpus=0.5)
AZURE = Keda(requests_per_second=10, cpu_percent=60, cpus=0.5)
GOOGLE = Instances(concurrency=40, cpus=1.0)


class Service:
    """Replicas under a load, second by second of the sandbox's clock, within bounds."""

    def __init__(self, rule: Rule, low: int = 2, high: int = 8) -> None:
        self.rule, self.low, self.high = rule, low, high
        self.replicas, self.now = low, 0.0
        self.scaler, self.meter = Scaler(), Meter()

    def run(self, seconds: float, *, rps: float = 0.0, in_flight: int = 0, cpus: float = 0.0) -> list[int]:
        """The number of replicas in each second."""
        seen = []
        for _ in range(int(seconds)):
            self.now += 1
            self.meter.requests += int(rps)
            self.meter.request_seconds += in_flight
            self.meter.cpu_seconds += cpus
            wanted = self.scaler.look(self.rule, self.meter, self.now, self.replicas, in_flight)
            before, self.replicas = self.replicas, min(max(wanted, self.low), self.high)
            self.scaler.note(before, self.replicas, self.now)
            seen.append(self.replicas)
        return seen

    def until(self, done: Callable[[int], bool], **load: Any) -> float:
        """Seconds until the number of replicas is so."""
        begin = self.now
        while not done(self.replicas):
            assert self.now - begin < 4000, f"still {self.replicas}"
            self.run(1, **load)
        return self.now - begin


# -- AWS -------------------------------------------------------------------------------------------------------------


def test_target_tracking_adds_after_three_minutes_above_and_as_many_as_bring_it_to_the_target() -> None:
    service = Service(AWS)
    service.run(61, rps=10)
    took = service.until(lambda n: n > 2, rps=50)
    assert 170 <= took <= 181
    assert service.replicas == 5, "fifty a second at ten each"
    assert set(service.run(600, rps=50)) == {5}, "it is at its target, and stays"


def test_two_minutes_above_are_not_enough() -> None:
    service = Service(AWS)
    service.run(61, rps=10)
    service.run(120, rps=50)
    assert set(service.run(300, rps=15)) == {2}


def test_target_tracking_takes_away_after_fifteen_minutes_below_nine_tenths() -> None:
    service = Service(AWS)
    service.run(300, rps=50)
    assert service.replicas == 5
    took = service.until(lambda n: n < 5, rps=10)
    assert 14 * 60 <= took <= 16 * 60
    assert service.replicas == 2, "one would do, and two is the least"
    near = Service(AWS, low=1)
    near.run(300, rps=20)
    assert set(near.run(3000, rps=19)) == {2}, "95 % of the target is no reason to take one away"


def test_a_load_balancer_without_requests_says_nothing_and_nothing_is_taken_away() -> None:
    service = Service(AWS)
    service.run(300, rps=50)
    assert set(service.run(3000)) == {5}


def test_the_policy_that_wants_most_wins_and_all_have_to_want_fewer() -> None:
    both = TargetTracking((BY_REQUESTS, Policy(CPU, 60.0, out_cooldown=60.0)), cpus=0.5)
    service = Service(both)
    service.run(300, rps=10, cpus=1.0)  # two tasks of half a processor, fully busy
    assert service.replicas == 4
    assert set(service.run(1800, rps=10, cpus=1.1)) == {4}, "few requests, and the processors have to do"
    assert 840 <= service.until(lambda n: n == 2, rps=10, cpus=0.2) <= 960


@pytest.mark.parametrize(("suspended", "loads"), [("scales_out", (50, 50)), ("scales_in", (10, 10))])
def test_what_is_suspended_does_not_happen(suspended: str, loads: tuple[int, int]) -> None:
    service = Service(replace(AWS, **{suspended: False}))
    service.replicas = 4
    assert set(service.run(2000, rps=loads[0] if suspended == "scales_in" else 80)) == {4}


def test_a_cool_down_holds_the_next_scale_out() -> None:
    slow = TargetTracking((replace(BY_REQUESTS, out_cooldown=600.0),), cpus=0.5)
    service = Service(slow, high=20)
    service.run(241, rps=30)
    assert service.replicas == 3
    assert 530 <= service.until(lambda n: n > 3, rps=200) <= 601


def test_a_policy_may_leave_scaling_in_to_others() -> None:
    service = Service(TargetTracking((replace(BY_REQUESTS, scales_in=False),), cpus=0.5))
    service.run(300, rps=50)
    assert set(service.run(3000, rps=1)) == {5}


# -- Azure -----------------------------------------------------------------------------------------------------------


def test_container_apps_add_at_the_next_look_at_most_four_or_as_many_as_there_are() -> None:
    service = Service(AZURE, low=1, high=30)
    service.run(31, rps=5)
    assert service.until(lambda n: n > 1, rps=200) <= 30
    assert service.replicas == 5
    assert service.run(60, rps=200)[-1] == 20, "then as many again: ten, and twenty are enough"


def test_container_apps_take_away_what_was_not_needed_for_the_cool_down() -> None:
    service = Service(AZURE, low=1, high=30)
    service.run(120, rps=50)
    assert service.replicas == 5
    took = service.until(lambda n: n == 1, rps=5)
    assert 270 <= took <= 331
    service.run(120, rps=50)
    service.run(240, rps=5)
    service.run(31, rps=30)
    assert service.run(120, rps=5)[-1] == 3, "what was asked for within the cool-down stays"


def test_container_apps_scale_by_processor_time_with_a_tolerance() -> None:
    service = Service(AZURE, low=2)
    assert service.run(120, cpus=0.65)[-1] == 2, "65 % of two halves is within a tenth of 60 %"
    assert service.run(60, cpus=0.9)[-1] == 3


# -- Google Cloud ----------------------------------------------------------------------------------------------------


def test_cloud_run_keeps_to_a_share_of_the_concurrency_on_average_of_a_minute() -> None:
    service = Service(GOOGLE, low=1)
    assert service.run(120, in_flight=24)[-1] == 1, "60 % of forty"
    assert service.until(lambda n: n > 1, in_flight=30) <= 61
    assert service.replicas == 2


def test_cloud_run_starts_more_at_once_where_all_are_full() -> None:
    service = Service(GOOGLE, low=1)
    service.run(60)
    assert service.until(lambda n: n >= 3, in_flight=100) <= 11


def test_cloud_run_lets_idle_instances_go_after_fifteen_minutes() -> None:
    service = Service(GOOGLE, low=1)
    service.run(60, in_flight=100)
    took = service.until(lambda n: n == 1)
    assert 890 <= took <= 1000


def test_cloud_run_scales_by_processor_time_unless_that_is_off() -> None:
    service = Service(GOOGLE, low=1)
    assert service.run(120, cpus=1.7)[-1] == 3
    off = Service(replace(GOOGLE, cpu_share=0.0), low=1)
    assert off.run(120, cpus=1.7)[-1] == 1


# -- all -------------------------------------------------------------------------------------------------------------


@given(
    rule=st.sampled_from([AWS, AZURE, GOOGLE]),
    loads=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 300), st.floats(0, 8)), max_size=8),
)
def test_whatever_the_load_the_answer_is_a_number_of_replicas(rule: Rule, loads: list[tuple[int, int, float]]) -> None:
    service = Service(rule, low=0, high=50)
    for rps, in_flight, cpus in loads:
        assert all(0 <= n <= 50 for n in service.run(90, rps=rps, in_flight=in_flight, cpus=cpus))


def test_nothing_is_decided_between_two_looks() -> None:
    service = Service(AZURE, low=1)
    assert set(service.run(30, rps=500)) == {1}
