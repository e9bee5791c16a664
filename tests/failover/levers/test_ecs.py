"""ECS to zero, as AWS has it (moto): with scaling that would refill it, and without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from moto import mock_aws

from failover.levers.change import ECS, Change
from failover.levers.clouds import Clouds
from failover.levers.ecs import EcsLever
from failover.levers.levels import Way
from failover.levers.lever import Lever
from service.errors import InvalidInput, Unavailable
from tests.failover.levers.fake_clouds import ECS_ARN, FakeWorld

SCALED = {"desired": 2, "scale-in": False, "scale-out": False, "scheduled": False}


@pytest.fixture(scope="module")
def clouds() -> Iterator[Clouds]:
    """Made once, because making a client reads the whole service model."""
    with mock_aws():
        yield Clouds()


@pytest.fixture(scope="module")
def arn(clouds: Clouds) -> str:
    ecs = clouds.aws("ecs", "us-east-1")
    ecs.create_cluster(clusterName="outlast-aws")
    container: Any = {"name": "service", "image": "service", "memory": 512}
    ecs.register_task_definition(family="outlast-aws", containerDefinitions=[container])
    made = ecs.create_service(
        cluster="outlast-aws", serviceName="outlast-aws", taskDefinition="outlast-aws", desiredCount=2
    )
    return str(made["service"]["serviceArn"])


def scale(clouds: Clouds) -> None:
    clouds.aws("application-autoscaling", "us-east-1").register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId="service/outlast-aws/outlast-aws",
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=2,
        MaxCapacity=4,
    )


@pytest.mark.parametrize("scaled", [False, True])
def test_goes_to_zero_and_comes_back(clouds: Clouds, arn: str, scaled: bool) -> None:
    if scaled:
        scale(clouds)
    lever = EcsLever(clouds, lambda _: None)
    before = lever.look(arn)
    assert before == (SCALED if scaled else {"desired": 2})
    change = Change(ECS, "check", 1, before, Way(3, ECS, arn).after(before), arn)
    lever.apply(change)
    gone = {"desired": 0, "scale-in": True, "scale-out": True, "scheduled": True}
    assert lever.look(arn) == (gone if scaled else {"desired": 0})
    assert lever.undo(change) == "restored"
    assert lever.look(arn) == before


def test_suspends_before_it_takes_and_goes_on_after_it_gave(levers: Mapping[str, Lever], world: FakeWorld) -> None:
    world.suspended = {}
    seen: list[tuple[int, bool]] = []
    world.on_write.append(lambda: seen.append((world.desired, any((world.suspended or {}).values()))))
    before = levers[ECS].look(ECS_ARN)
    change = Change(ECS, "check", 1, before, Way(3, ECS, ECS_ARN).after(before), ECS_ARN)
    levers[ECS].apply(change)
    assert seen[1:3] == [(2, True), (2, True)], "suspended while the tasks still run"
    seen.clear()
    levers[ECS].undo(change)
    assert seen[1:3] == [(2, True), (2, True)], "still suspended when they are back"


def test_a_service_that_is_not_there_is_said(clouds: Clouds, arn: str) -> None:
    with pytest.raises(Unavailable, match="there is no ECS service"):
        EcsLever(clouds, lambda _: None).look(f"{arn}-another")


def test_what_is_no_arn_is_refused() -> None:
    with pytest.raises(InvalidInput, match="is no ARN of a service"):
        EcsLever(Clouds(), lambda _: None).look("arn:aws:lambda:us-east-1:000000000000:function:f")
