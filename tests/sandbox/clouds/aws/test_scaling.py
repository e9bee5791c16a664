"""Application Auto Scaling: what it refuses, and the bounds that it keeps a service's tasks within."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.clouds.aws import ecs_api
from sandbox.clouds.aws.scaling import DIMENSION, POLICY, TARGET, policies_of
from sandbox.clouds.counts import keep_count
from sandbox.clouds.store import CloudRefused
from sandbox.engine.cloud import NotReady
from sandbox.replicas.scaling import Policy, TargetTracking
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import DIGEST, OTHER_DIGEST, Clouds, Made

NAMED = {"serviceNamespace": "ecs", "resourceId": "service/site/site", "scalableDimension": DIMENSION}
CPU = {"predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"}, "targetValue": 60}


def target(clouds: Clouds, least: int, most: int, **changed: Any) -> Made:
    return clouds.make(TARGET, minCapacity=least, maxCapacity=most, **{**NAMED, **changed})


def policy(clouds: Clouds, name: str = "cpu", **tracking: Any) -> Made:
    configuration = {**CPU, **tracking}
    kind = "TargetTrackingScaling"
    return clouds.make(
        POLICY, name, name=name, policyType=kind, targetTrackingScalingPolicyConfiguration=configuration, **NAMED
    )


def tasks(clouds: Clouds) -> tuple[int, int]:
    workload = clouds.workload("aws")
    assert workload is not None
    return workload.min_replicas, workload.max_replicas


def wrong(clouds: Clouds, type_: str, **inputs: Any) -> str:
    found = clouds.clouds.check(clouds.request(type_, "one", {**NAMED, **inputs}, stack="aws"))
    return "; ".join(f"{where}: {why}" for where, why in found)


def test_a_target_brings_the_tasks_within_its_bounds_at_once(clouds: Clouds) -> None:
    sites.aws_site(clouds)
    made = target(clouds, 3, 6)
    assert tasks(clouds)[0] == 3
    clouds.change(made, minCapacity=1, maxCapacity=2)
    assert tasks(clouds)[0] == 2
    clouds.delete(made)
    assert tasks(clouds) == (2, 2), "what runs goes on"


def test_a_service_that_does_not_exist_has_no_target(clouds: Clouds) -> None:
    with pytest.raises(CloudRefused, match="ValidationException: ECS service doesn't exist: service/site/site"):
        target(clouds, 1, 2)


def test_a_policy_needs_its_target_and_goes_with_it(clouds: Clouds) -> None:
    sites.aws_site(clouds)
    with pytest.raises(CloudRefused, match="ObjectNotFoundException: No scalable target registered"):
        policy(clouds)
    made = target(clouds, 1, 2)
    policy(clouds)
    assert [one.inputs["name"] for one in policies_of(clouds.world, "service/site/site")] == ["cpu"]
    clouds.delete(made)
    assert policies_of(clouds.world, "service/site/site") == []


def test_requests_are_counted_at_a_target_group_of_the_service(clouds: Clouds) -> None:
    sites.aws_site(clouds)
    target(clouds, 1, 2)
    balancer = clouds.only("aws:lb/loadBalancer:LoadBalancer").get("arnSuffix")
    group = clouds.only("aws:lb/targetGroup:TargetGroup").get("arnSuffix")
    metric = {"predefinedMetricType": "ALBRequestCountPerTarget", "resourceLabel": f"{balancer}/targetgroup/other/1"}
    with pytest.raises(CloudRefused, match="does not name a target group"):
        policy(clouds, predefinedMetricSpecification=metric)
    policy(clouds, predefinedMetricSpecification={**metric, "resourceLabel": f"{balancer}/{group}"})


def test_what_runs_has_the_bounds_and_the_rule_of_its_scaling(clouds: Clouds) -> None:
    service = sites.aws_scaled(clouds)
    workload = clouds.workload("aws")
    assert workload is not None and tasks(clouds) == (2, 4)
    assert workload.scaling == TargetTracking((Policy("cpu", 60.0),), cpus=0.5), "300 s each where nobody says"
    keep_count(clouds.world, f"{service.type}|{service.id}", 3)
    scaled = clouds.workload("aws")
    assert scaled is not None and (scaled.start, tasks(clouds)) == (3, (2, 4))
    assert scaled.revision == workload.revision, "as many as there are is no reason to replace one"


def test_a_number_beyond_the_bounds_was_asked_for_by_hand_and_stays(clouds: Clouds) -> None:
    service = sites.aws_scaled(clouds)
    asked = {"cluster": "site", "service": service.id, "desiredCount": 0}
    ecs_api.answer(clouds.world, "UpdateService", asked)
    assert tasks(clouds) == (0, 0)


def test_a_policy_of_a_metric_that_nobody_measures_moves_nothing(clouds: Clouds) -> None:
    sites.aws_site(clouds)
    target(clouds, 1, 5)
    metric = {"predefinedMetricType": "ECSServiceAverageMemoryUtilization"}
    policy(clouds, "memory", predefinedMetricSpecification=metric)
    assert tasks(clouds) == (2, 2)


def test_a_service_that_rolled_back_still_scales(clouds: Clouds) -> None:
    service = sites.aws_scaled(clouds)
    clouds.failing[OTHER_DIGEST] = "it crashed"
    task = sites.aws_task(clouds, sites.aws_image(clouds, OTHER_DIGEST), "other")
    with pytest.raises(NotReady, match="rolled the service back"):
        clouds.change(service, taskDefinition=task.outputs["arn"])
    workload = clouds.workload("aws")
    assert workload is not None and workload.image == DIGEST
    assert (tasks(clouds), workload.scaling is not None) == ((2, 4), True)


def test_mistakes_are_found_before_anything_is_made(clouds: Clouds) -> None:
    told = wrong(clouds, TARGET, minCapacity=3, maxCapacity=2)
    assert told == "maxCapacity: ValidationException: Maximum capacity cannot be less than minimum capacity (2, 3)"
    assert "Unsupported service namespace" in wrong(clouds, TARGET, minCapacity=1, maxCapacity=2, resourceId="site")
    assert "enum value set" in wrong(clouds, TARGET, minCapacity=1, maxCapacity=2, serviceNamespace="esc")
    tracking = {"targetTrackingScalingPolicyConfiguration": CPU}
    assert "it is StepScaling" in wrong(clouds, POLICY, **tracking)
    assert "is needed where" in wrong(clouds, POLICY, policyType="TargetTrackingScaling")
    neither = {"targetTrackingScalingPolicyConfiguration": {"targetValue": 1}}
    assert "one of them" in wrong(clouds, POLICY, policyType="TargetTrackingScaling", **neither)
    nothing = {"targetTrackingScalingPolicyConfiguration": {**CPU, "targetValue": -1}}
    assert "is above 0" in wrong(clouds, POLICY, policyType="TargetTrackingScaling", **nothing)
    assert wrong(clouds, POLICY, policyType="TargetTrackingScaling", **tracking) == ""
