"""What an operator is told of by the clouds' own alarms: one table for every cloud and size of deployment. Pure.

The thresholds are the same in every cloud, so that a mail means the same wherever it comes from. Where a cloud has no
such metric, `metrics` names the nearest that it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ADDRESS = "alertEmail"
"""The setting that says who is told; without it there is no alarm."""

NOBODY = f"no alarm is made: outlast:{ADDRESS} is not set, so nobody is told when this stack's resources fail"


@dataclass(frozen=True)
class Alert:
    """One thing to be told of: `what` is the case, for how many minutes, before the mail is sent.

    `metrics` has, by cloud, the metric that the alarm reads; a cloud that is left out has none.
    """

    name: str
    what: str
    threshold: float
    minutes: int
    why: str
    metrics: Mapping[str, str]

    def __str__(self) -> str:
        minutes = "minute" if self.minutes == 1 else f"{self.minutes} minutes"
        return f"{self.what}, for {'a ' if self.minutes == 1 else ''}{minutes}: {self.why}"


ERRORS = Alert(
    "errors",
    "more than 5 % of the answers are errors of the server (5xx)",
    5,
    5,
    "clients that retry hide a few errors; at a twentieth some of them fail",
    {
        "aws": "HTTPCode_Target_5XX_Count and HTTPCode_ELB_5XX_Count by RequestCount (AWS/ApplicationELB)",
        "azure": "Requests with statusCodeCategory 5xx, counted: a metric alert cannot divide, so more than 10 it is",
        "gcp": "loadbalancing.googleapis.com/https/request_count of response_code_class 500 by all of them",
    },
)
ERROR_COUNT = 10
"""Of ERRORS, where a cloud can count but not divide."""

SLOW = Alert(
    "slow",
    "the slowest twentieth of the answers (p95) takes more than 1 s",
    1,
    5,
    "a prediction takes milliseconds: something waits",
    {
        "aws": "TargetResponseTime, p95 (AWS/ApplicationELB)",
        "azure": "ResponseTime, the average: Container Apps has no percentile",
        "gcp": "loadbalancing.googleapis.com/https/total_latencies, 95th percentile",
    },
)
UNHEALTHY = Alert(
    "unhealthy",
    "a replica that should serve does not",
    0,
    5,
    "the others carry its share until one of them fails as well",
    {
        "aws": "UnHealthyHostCount (AWS/ApplicationELB)",
        "azure": "Replicas, below the minimum",
        "gcp": "run.googleapis.com/container/instance_count, below the minimum",
    },
)
BUSY = Alert(
    "busy",
    "the replicas use more than 85 % of their CPU",
    85,
    15,
    "scaling has not helped: the maximum is reached, or new replicas do not start",
    {
        "aws": "CPUUtilization (AWS/ECS), the average",
        "azure": "CpuPercentage, the average",
        "gcp": "run.googleapis.com/container/cpu/utilizations, the median",
    },
)
REJECTED = Alert(
    "rejected",
    "the load balancer rejects connections, having reached its maximum",
    0,
    5,
    "no metric of the replicas shows a client that was never let in",
    {"aws": "RejectedConnectionCount (AWS/ApplicationELB)"},
)
METRICS_REGION = "us-east-1"
"""Of Route 53's metrics, and so of the alarms on them: CloudWatch has them there alone."""

UNREACHABLE = Alert(
    "unreachable",
    "Route 53 finds the site unhealthy and sends its clients to the others",
    1,
    1,
    "the one alarm that does not depend on the cloud that has failed",
    {"traffic": f"HealthCheckStatus (AWS/Route53), in {METRICS_REGION}, where alone it is"},
)

ALERTS = (ERRORS, SLOW, UNHEALTHY, BUSY, REJECTED, UNREACHABLE)


@dataclass(frozen=True)
class BudgetLook:
    """When the bill is told: beyond so much of the month's budget, spent or, by the cloud's forecast, to be spent."""

    name: str
    per_cent: int
    forecast: bool = False


BUDGET_LOOKS = (
    BudgetLook("most-spent", 80),
    BudgetLook("all-spent", 100),
    BudgetLook("more-expected", 100, forecast=True),
)
