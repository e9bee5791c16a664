"""Each cloud's way to say how many replicas there are."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

from failover.levers.replica_counter import ReplicaCounter
from failover.levers.replicas import Replicas
from service.errors import Unavailable
from tests.failover.levers.fake_clouds import APP_ID, ECS_ARN, RUN_NAME, FakeWorld

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


def count(world: FakeWorld, workload: str) -> Replicas:
    return ReplicaCounter(world.clouds, lambda: NOW)(workload)


def test_ecs_says_how_many_tasks_run_and_are_asked_for() -> None:
    assert count(FakeWorld(desired=4, running=3), ECS_ARN) == Replicas(3, 4)


def test_azure_says_how_many_replicas_its_active_revisions_have() -> None:
    revisions = [
        {"name": "one", "properties": {"active": True, "replicas": 3}},
        {"name": "two", "properties": {"active": False, "replicas": 1}},
        {"name": "three", "properties": {"active": True}},
    ]
    assert count(FakeWorld(revisions=revisions), APP_ID) == Replicas(3)


@pytest.mark.parametrize("value", [{"int64Value": "2"}, {"doubleValue": 2.0}])
def test_google_is_asked_for_the_last_minutes_and_its_newest_point_counts(value: dict[str, object]) -> None:
    world = FakeWorld(series=[{"points": [{"value": value}, {"value": {"int64Value": "9"}}]}, {"points": []}])
    assert count(world, RUN_NAME) == Replicas(2)
    asked = parse_qs(world.asked[-1].url.query.decode())
    assert asked["interval.startTime"] == ["2026-11-29T11:50:00+00:00"]
    assert 'service_name="outlast-gcp"' in asked["filter"][0]


@pytest.mark.parametrize(
    ("workload", "said"),
    [
        (ECS_ARN.replace("service/outlast-aws", "service/other"), "there is no ECS service"),
        (APP_ID.replace("outlast-azure", "other"), "there is no such thing"),
        (RUN_NAME, "no instance of outlast-gcp in the last 10 minutes"),
        ("", "a site without a workload"),
        ("hall-2", "no cloud counts the replicas of hall-2"),
    ],
)
def test_what_cannot_be_counted_is_said(workload: str, said: str) -> None:
    with pytest.raises(Unavailable, match=said):
        count(FakeWorld(), workload)
