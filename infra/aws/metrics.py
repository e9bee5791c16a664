"""The metrics of a site on AWS: each named once, for its alarms and its dashboard.

Metrics and their dimensions: docs.aws.amazon.com/elasticloadbalancing/latest/application/
load-balancer-cloudwatch-metrics.html and docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pulumi

from infra.applied import apply

if TYPE_CHECKING:
    import pulumi_aws as aws  # a second, which readers of the metrics need not wait

PERIOD = 60
"""Seconds: what both services send is by the minute."""

Owner = Literal["balancer", "targets", "service"]
Dimensions = Mapping[str, pulumi.Input[str]]


@dataclass(frozen=True)
class Metric:
    """One metric and the statistic by which it is read; `owner` says whose dimensions it comes with."""

    namespace: str
    name: str
    statistic: str
    owner: Owner

    @property
    def is_percentile(self) -> bool:
        """Whether CloudWatch calls the statistic an extended one."""
        return self.statistic.startswith("p")


_BALANCER, _SERVICE = "AWS/ApplicationELB", "AWS/ECS"

REQUESTS = Metric(_BALANCER, "RequestCount", "Sum", "balancer")
REPLICA_ERRORS = Metric(_BALANCER, "HTTPCode_Target_5XX_Count", "Sum", "balancer")
BALANCER_ERRORS = Metric(_BALANCER, "HTTPCode_ELB_5XX_Count", "Sum", "balancer")
LATENCY = Metric(_BALANCER, "TargetResponseTime", "p95", "balancer")
REJECTED = Metric(_BALANCER, "RejectedConnectionCount", "Sum", "balancer")
HEALTHY = Metric(_BALANCER, "HealthyHostCount", "Minimum", "targets")
UNHEALTHY = Metric(_BALANCER, "UnHealthyHostCount", "Maximum", "targets")
CPU = Metric(_SERVICE, "CPUUtilization", "Average", "service")
MEMORY = Metric(_SERVICE, "MemoryUtilization", "Average", "service")

COUNTED: Mapping[str, Metric] = {"replicas": REPLICA_ERRORS, "balancer": BALANCER_ERRORS, "requests": REQUESTS}
"""What SHARE_OF_ERRORS is made of, by the ids that it uses."""
SHARE_OF_ERRORS = "100 * (FILL(replicas, 0) + FILL(balancer, 0)) / (FILL(requests, 0) + FILL(balancer, 0))"
"""RequestCount leaves out what the load balancer refuses for want of a target, and CloudWatch what did not happen."""


@dataclass(frozen=True)
class Watched:
    """What the metrics of a site come from, by their dimensions."""

    balancer: Dimensions
    targets: Dimensions
    service: Dimensions

    def of(self, metric: Metric) -> Dimensions:
        """The dimensions with which this site emits the metric."""
        found: Dimensions = getattr(self, metric.owner)
        return found


def watch(balancer: aws.lb.LoadBalancer, targets: aws.lb.TargetGroup, service: aws.ecs.Service) -> Watched:
    """What a site's load balancer and its service are called in metrics."""
    of_balancer: Dimensions = {"LoadBalancer": balancer.arn_suffix}
    return Watched(
        balancer=of_balancer,
        targets={**of_balancer, "TargetGroup": targets.arn_suffix},
        service={"ClusterName": apply(service.cluster, _last_part), "ServiceName": service.name},
    )


def _last_part(arn: str) -> str:
    return arn.rpartition("/")[2]
