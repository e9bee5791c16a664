"""ECS's API beside Pulumi: how many tasks a service asks for, seen and changed, and learnt of by a refresh."""

from __future__ import annotations

import pytest

from sandbox.clouds.aws import ecs_api
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds


def test_a_service_goes_to_no_task_and_back(clouds: Clouds) -> None:
    service = sites.aws_site(clouds)
    cluster, name = service.id.split("/")[1:]
    asked = {"cluster": cluster, "services": [name]}
    [seen] = ecs_api.answer(clouds.world, "DescribeServices", asked)["services"]
    assert (seen["serviceArn"], seen["desiredCount"]) == (service.id, 2)
    ecs_api.answer(clouds.world, "UpdateService", {"cluster": cluster, "service": name, "desiredCount": 0})
    workload = clouds.workload("aws")
    assert workload is not None and (workload.min_replicas, workload.max_replicas) == (0, 0)
    inputs, _ = clouds.clouds.read("aws", service.type, service.id) or ({}, {})
    assert inputs["desiredCount"] == 0, "Pulumi learns of it by a refresh"
    ecs_api.answer(clouds.world, "UpdateService", {"cluster": cluster, "service": service.id, "desiredCount": 2})
    workload = clouds.workload("aws")
    assert workload is not None and workload.min_replicas == 2


def test_tasks_that_run_are_counted_beside_those_that_are_asked_for(clouds: Clouds) -> None:
    service = sites.aws_site(clouds)
    clouds.serving["aws"] = 1
    cluster, name = service.id.split("/")[1:]
    [seen] = ecs_api.answer(clouds.world, "DescribeServices", {"cluster": cluster, "services": [name]})["services"]
    assert (seen["desiredCount"], seen["runningCount"], seen["pendingCount"]) == (2, 1, 1)


def test_what_is_not_there_is_said(clouds: Clouds) -> None:
    asked = {"cluster": "c", "services": ["s"]}
    assert ecs_api.answer(clouds.world, "DescribeServices", asked)["failures"] == [{"arn": "s", "reason": "MISSING"}]
    assert ecs_api.owner(clouds.world, asked) == ""
    with pytest.raises(CloudRefused, match="ServiceNotFoundException"):
        ecs_api.answer(clouds.world, "UpdateService", {"cluster": "c", "service": "s", "desiredCount": 0})


def test_what_is_not_simulated_is_refused(clouds: Clouds) -> None:
    service = sites.aws_site(clouds)
    assert ecs_api.owner(clouds.world, {"service": service.id}) == "aws"
    with pytest.raises(CloudRefused, match="does not change taskDefinition"):
        ecs_api.answer(clouds.world, "UpdateService", {"service": service.id, "taskDefinition": "t"})
    with pytest.raises(CloudRefused, match="has no StopTask"):
        ecs_api.answer(clouds.world, "StopTask", {})
