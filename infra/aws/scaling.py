"""How many tasks run on AWS: between two bounds, by the requests and the processor time of each task."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from infra.contract import Replicas, SiteSpec
from infra.plan import CPU_PERCENT, SPOT_WEIGHT, tracked_requests

# A task that was just started gets no requests yet for some seconds, and the next minute's figures still lack it.
OUT_COOLDOWN_SECONDS, IN_COOLDOWN_SECONDS = 60, 300

DIMENSION = "ecs:service:DesiredCount"
ON_DEMAND, SPOT = "FARGATE", "FARGATE_SPOT"


def choose_capacity(replicas: Replicas, *, spot_above: bool) -> list[aws.ecs.ServiceCapacityProviderStrategyArgs]:
    """What the tasks run on: all on demand, or as many as always run, and those above mostly on Spot.

    Named from the first day on: a service that once had a launch type is replaced to get these.
    """
    if not spot_above:
        return [_share(ON_DEMAND, base=1, weight=1)]
    return [_share(ON_DEMAND, base=replicas.minimum, weight=1), _share(SPOT, base=None, weight=SPOT_WEIGHT)]


def _share(provider: str, *, base: int | None, weight: int) -> aws.ecs.ServiceCapacityProviderStrategyArgs:
    """Only one of them may have a base (ECS API, CapacityProviderStrategyItem)."""
    return aws.ecs.ServiceCapacityProviderStrategyArgs(capacity_provider=provider, base=base, weight=weight)


def add_scaling(
    name: str, spec: SiteSpec, service: aws.ecs.Service, cluster: pulumi.Input[str], label: pulumi.Input[str]
) -> aws.appautoscaling.Target:
    """Let Application Auto Scaling say how many tasks there are; `label` names the load balancer and its target group.

    Also where the bounds are one number, which a service that ignores its own count would not follow otherwise.
    """
    target = aws.appautoscaling.Target(
        "scaling",
        service_namespace="ecs",
        resource_id=pulumi.Output.concat("service/", cluster, "/", service.name),
        scalable_dimension=DIMENSION,
        min_capacity=spec.replicas.minimum,
        max_capacity=spec.replicas.maximum,
    )
    if spec.replicas.maximum > spec.replicas.minimum:
        requests = {"predefined_metric_type": "ALBRequestCountPerTarget", "resource_label": label}
        _track(name, "requests", target, float(tracked_requests(spec.rps_per_replica)), requests)
        _track(name, "cpu", target, float(CPU_PERCENT), {"predefined_metric_type": "ECSServiceAverageCPUUtilization"})
    return target


def _track(
    name: str, what: str, target: aws.appautoscaling.Target, value: float, metric: Mapping[str, pulumi.Input[str]]
) -> None:
    aws.appautoscaling.Policy(
        f"scale-by-{what}",
        name=f"{name}-{what}",
        policy_type="TargetTrackingScaling",  # left out it is StepScaling
        service_namespace=target.service_namespace,
        # Of the target, not of the service: a policy is refused before there is one.
        resource_id=target.resource_id,
        scalable_dimension=target.scalable_dimension,
        target_tracking_scaling_policy_configuration=(
            aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
                target_value=value,
                scale_out_cooldown=OUT_COOLDOWN_SECONDS,
                scale_in_cooldown=IN_COOLDOWN_SECONDS,
                predefined_metric_specification=(
                    aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs(
                        **metric
                    )
                ),
            )
        ),
    )
