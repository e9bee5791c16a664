"""Alarms of the traffic stack: one for each site, on what the health checkers of Route 53 see of it.

Route 53 is a service of us-east-1, and CloudWatch has its metrics there alone:
docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-health-checks.html. An alarm's states, and what missing
data make of them: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi_aws as aws

from infra.alerts import METRICS_REGION, UNREACHABLE
from infra.aws.alarms import build_topic
from infra.aws.metrics import PERIOD


def build_alarms(name: str, address: str, checks: Mapping[str, aws.route53.HealthCheck]) -> None:
    """An alarm for each health check; `name` is that of the stack.

    A check that a drill inverts or disables is told as well: it does take clients away.
    """
    topic = build_topic(name, address, region=METRICS_REGION)
    for site, check in checks.items():
        aws.cloudwatch.MetricAlarm(
            f"alarm-{UNREACHABLE.name}-{site}",
            name=f"{name}-{site}-{UNREACHABLE.name}",
            region=METRICS_REGION,
            alarm_description=f"{site}: {UNREACHABLE}",
            namespace="AWS/Route53",
            metric_name="HealthCheckStatus",
            dimensions={"HealthCheckId": check.id},
            statistic="Minimum",
            period=PERIOD,
            comparison_operator="LessThanThreshold",
            threshold=UNREACHABLE.threshold,
            evaluation_periods=UNREACHABLE.minutes,
            # Begins without data and says nothing then; a metric that stops is told as such. `breaching` would mail an
            # alarm of each new check, whose first minute has no figure yet.
            treat_missing_data="missing",
            alarm_actions=[topic.arn],
            ok_actions=[topic.arn],
            insufficient_data_actions=[topic.arn],
        )
