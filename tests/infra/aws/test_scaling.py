"""How many tasks a site on AWS may have, what moves their number, and what they run on."""

from __future__ import annotations

from infra.aws.scaling import DIMENSION
from infra.plan import CPU_PERCENT
from tests.infra.harness import Run, run_stack

TARGET, POLICY = "aws:appautoscaling/target:Target", "aws:appautoscaling/policy:Policy"
SERVICE, TASK, IMAGE = "aws:ecs/service:Service", "aws:ecs/taskDefinition:TaskDefinition", "docker-build:index:Image"
NAME = "service/outlast-aws/outlast-aws"


def tracked(run: Run, name: str) -> dict[str, object]:
    policy = run.one(POLICY, f"scale-by-{name}").inputs
    assert (policy["policyType"], policy["resourceId"]) == ("TargetTrackingScaling", NAME)
    found: dict[str, object] = policy["targetTrackingScalingPolicyConfiguration"]
    return found


def test_requests_and_processor_time_move_the_tasks_between_their_bounds() -> None:
    run = run_stack("aws", minReplicas=2, maxReplicas=6, rpsPerReplica=50)
    bounds = {"minCapacity": 2, "maxCapacity": 6}
    named = {"serviceNamespace": "ecs", "resourceId": NAME, "scalableDimension": DIMENSION}
    assert run.one(TARGET).inputs.items() >= (bounds | named).items()
    cooldowns = {"scaleOutCooldown": 60, "scaleInCooldown": 300}
    label = "app/outlast-aws/1/targetgroup/outlast-aws/2"
    metric = {"predefinedMetricType": "ALBRequestCountPerTarget", "resourceLabel": label}
    assert tracked(run, "requests") == cooldowns | {"targetValue": 2100, "predefinedMetricSpecification": metric}
    cpu = {"predefinedMetricType": "ECSServiceAverageCPUUtilization"}
    assert tracked(run, "cpu") == cooldowns | {"targetValue": CPU_PERCENT, "predefinedMetricSpecification": cpu}
    assert run.outputs["site"]["capacity_rps"] == 300
    assert (TARGET, "scaling") in run.waits["site"], "the capacity is not exported before it is there"


def test_the_scaling_owns_the_number_of_tasks() -> None:
    fixed = run_stack("aws", minReplicas=3, maxReplicas=3, spotAbove=True, architecture="arm64")
    service = fixed.one(SERVICE)
    assert (service.inputs["desiredCount"], service.options["ignoreChanges"]) == (3, ["desiredCount"])
    bounds = fixed.one(TARGET).inputs
    assert (bounds["minCapacity"], bounds["maxCapacity"]) == (3, 3), "a change of the number is made by the bounds"
    assert fixed.all(POLICY) == {}, "there is nothing to move"
    # what the tasks run on: one program's run for both
    on_demand, spot = service.inputs["capacityProviderStrategies"]
    assert on_demand == {"capacityProvider": "FARGATE", "base": 3, "weight": 1}
    assert spot == {"capacityProvider": "FARGATE_SPOT", "weight": 3}, "only one may have a base"
    assert service.inputs["forceNewDeployment"] is True
    assert fixed.one(TASK).inputs["runtimePlatform"]["cpuArchitecture"] == "ARM64"
    assert fixed.one(IMAGE).inputs["platforms"] == ["linux/arm64"]
    assert fixed.problems == []
