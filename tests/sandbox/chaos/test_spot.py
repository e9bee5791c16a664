"""Where a site can have tasks on Spot, how many are asked for, and that all is as before afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from failover.drill.fleet import FleetSite, HealthCheck
from failover.levers.ecs import EcsLever
from sandbox.chaos.spot import Mix, find_mix, read_mix, scaled_above, tell_left
from tests.failover.levers.fake_clouds import APP_ID, ECS_ARN, RUN_NAME, FakeWorld

STRATEGY = [
    {"capacityProvider": "FARGATE", "base": 2, "weight": 1},
    {"capacityProvider": "FARGATE_SPOT", "base": 0, "weight": 3},
]
MIX = Mix(base=2, share=0.75)
SUSPENSIONS = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")


@pytest.fixture
def clouds() -> FakeWorld:
    return FakeWorld(strategy=STRATEGY, suspended=dict.fromkeys(SUSPENSIONS, False))


def site(workload: str = ECS_ARN) -> FleetSite:
    check = HealthCheck("check-aws", 1, 10, 2, tags={"outlast:workload": workload})
    return FleetSite("aws", "aws.example", 100, check)


@pytest.mark.parametrize(("base", "share", "asked", "on_demand"), [(2, 0.75, 4, 3), (1, 1.0, 2, 1), (0, 0.5, 2, 1)])
def test_as_many_tasks_are_asked_for_as_one_on_spot_takes(base: int, share: float, asked: int, on_demand: int) -> None:
    mix = Mix(base, share)
    assert (mix.asked, mix.on_demand) == (asked, on_demand)


def test_a_mix_is_read_from_the_strategy_of_the_service() -> None:
    assert read_mix(STRATEGY) == MIX
    assert read_mix([]) is None
    assert read_mix([{**STRATEGY[0], "weight": 1}, {**STRATEGY[1], "weight": 0}]) is None


def test_a_site_that_can_have_none_says_why(clouds: FakeWorld) -> None:
    assert find_mix(clouds.clouds, site()) == MIX
    assert "Container Apps has no capacity" in str(find_mix(clouds.clouds, site(APP_ID)))
    assert "Cloud Run has no capacity" in str(find_mix(clouds.clouds, site(RUN_NAME)))
    assert find_mix(clouds.clouds, site("")) == "no cloud runs it"
    plain = replace(clouds, strategy=[STRATEGY[0]])
    assert "set outlast:spotAbove to true" in str(find_mix(plain.clouds, site()))


def test_it_is_scaled_above_while_it_lasts_and_as_before_afterwards(clouds: FakeWorld) -> None:
    before, seen = clouds.snapshot(), []

    def wait(holds: Callable[[], bool], what: str) -> None:
        assert not holds() and what == "4 tasks of aws"
        clouds.running = 4
        assert holds()

    with scaled_above(clouds.clouds, EcsLever(clouds.clouds, lambda seconds: None), site(), MIX, wait):
        seen.append(clouds.snapshot())
    assert seen[0]["desired"] == 4
    assert all(seen[0]["suspended"].values()), "or it is scaled in while nobody asks"
    assert clouds.snapshot() == before


def test_it_is_as_before_where_the_tasks_do_not_come(clouds: FakeWorld) -> None:
    before = clouds.snapshot()

    def give_up(holds: Callable[[], bool], what: str) -> None:
        raise TimeoutError(what)

    with (
        pytest.raises(TimeoutError),
        scaled_above(clouds.clouds, EcsLever(clouds.clouds, lambda seconds: None), site(), MIX, give_up),
    ):
        raise AssertionError("the fault would be made at a site that has no task on Spot")
    assert clouds.snapshot() == before


def test_only_those_on_demand_carry_on() -> None:
    assert tell_left(3, MIX) == ()
    assert tell_left(4, MIX) == ("4 tasks ran while Spot had none, expected were the 3 on demand",)
