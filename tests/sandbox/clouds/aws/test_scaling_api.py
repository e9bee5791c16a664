"""Application Auto Scaling's API beside Pulumi: the bounds are seen, and scaling is suspended and goes on."""

from __future__ import annotations

import pytest

from sandbox.clouds.aws import scaling_api
from sandbox.clouds.store import CloudRefused
from sandbox.replicas.scaling import TargetTracking
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds

NAMED = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/site/site",
    "ScalableDimension": "ecs:service:DesiredCount",
}


def rule(clouds: Clouds) -> TargetTracking:
    workload = clouds.workload("aws")
    assert workload is not None and isinstance(workload.scaling, TargetTracking)
    return workload.scaling


def test_a_target_is_described_and_its_scaling_suspended_one_way_at_a_time(clouds: Clouds) -> None:
    sites.aws_scaled(clouds)
    asked = {"ServiceNamespace": "ecs", "ResourceIds": ["service/site/site", "service/site/none"]}
    [seen] = scaling_api.answer(clouds.world, "DescribeScalableTargets", asked)["ScalableTargets"]
    assert (seen["MinCapacity"], seen["MaxCapacity"], set(seen["SuspendedState"].values())) == (2, 4, {False})
    state = {"DynamicScalingInSuspended": True}
    scaling_api.answer(clouds.world, "RegisterScalableTarget", {**NAMED, "SuspendedState": state})
    assert (rule(clouds).scales_in, rule(clouds).scales_out) == (False, True)
    state = {"DynamicScalingInSuspended": False, "DynamicScalingOutSuspended": True}
    scaling_api.answer(clouds.world, "RegisterScalableTarget", {**NAMED, "SuspendedState": state})
    assert (rule(clouds).scales_in, rule(clouds).scales_out) == (True, False)
    [seen] = scaling_api.answer(clouds.world, "DescribeScalableTargets", {})["ScalableTargets"]
    assert seen["SuspendedState"]["DynamicScalingOutSuspended"] is True


def test_whose_it_is_decides_whether_it_answers(clouds: Clouds) -> None:
    sites.aws_scaled(clouds)
    assert scaling_api.owner(clouds.world, NAMED) == "aws"
    assert scaling_api.owner(clouds.world, {"ResourceIds": ["service/site/none"]}) == ""


def test_what_is_not_simulated_is_refused(clouds: Clouds) -> None:
    with pytest.raises(CloudRefused, match="no scalable target but Pulumi's"):
        scaling_api.answer(clouds.world, "RegisterScalableTarget", NAMED)
    sites.aws_scaled(clouds)
    with pytest.raises(CloudRefused, match="does not change MaxCapacity"):
        scaling_api.answer(clouds.world, "RegisterScalableTarget", {**NAMED, "MaxCapacity": 9})
    with pytest.raises(CloudRefused, match="has no PutScheduledAction"):
        scaling_api.answer(clouds.world, "PutScheduledAction", NAMED)
