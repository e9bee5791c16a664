"""Alarms of a site on AWS: CloudWatch watches the load balancer and the service, SNS writes the mail.

Metrics and their dimensions: docs.aws.amazon.com/elasticloadbalancing/latest/application/
load-balancer-cloudwatch-metrics.html and docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.alerts import BUSY, ERRORS, REJECTED, SLOW, UNHEALTHY, Alert
from infra.applied import apply

BALANCER, SERVICE = "AWS/ApplicationELB", "AWS/ECS"
PERIOD = 60
_SHARE = "100 * (FILL(replicas, 0) + FILL(balancer, 0)) / (FILL(requests, 0) + FILL(balancer, 0))"
"""RequestCount leaves out what the load balancer refuses for want of a target, and CloudWatch what did not happen."""

Dimensions = Mapping[str, pulumi.Input[str]]


@dataclass(frozen=True)
class Watched:
    """What the alarms of a site look at, by the dimensions of its metrics."""

    balancer: Dimensions
    targets: Dimensions
    service: Dimensions


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


def build_topic(name: str, address: str, region: str | None = None) -> aws.sns.Topic:
    """Where alarms go, and the one address that reads it, which has to confirm the first mail.

    Not encrypted: with the key that AWS keeps for SNS an alarm may not publish
    (repost.aws/knowledge-center/cloudwatch-configure-alarm-sns), and a message names a metric and no data.
    """
    topic = aws.sns.Topic("alerts", name=f"{name}-alerts", region=region)
    aws.sns.TopicSubscription("alerts-mail", topic=topic.arn, protocol="email", endpoint=address, region=region)
    return topic


def build_alarms(name: str, address: str, watched: Watched) -> None:
    """The alarms of one site."""
    topic = build_topic(name, address)
    _errors(name, topic, watched)
    _alarm(name, SLOW, topic, _metric(BALANCER, "TargetResponseTime", watched.balancer) | {"extended_statistic": "p95"})
    _alarm(name, UNHEALTHY, topic, _metric(BALANCER, "UnHealthyHostCount", watched.targets, "Maximum"))
    _alarm(name, BUSY, topic, _metric(SERVICE, "CPUUtilization", watched.service, "Average"))
    _alarm(name, REJECTED, topic, _metric(BALANCER, "RejectedConnectionCount", watched.balancer, "Sum"))


def _metric(namespace: str, metric: str, dimensions: Dimensions, statistic: str | None = None) -> dict[str, Any]:
    asked = {"namespace": namespace, "metric_name": metric, "dimensions": dict(dimensions), "period": PERIOD}
    return asked | ({"statistic": statistic} if statistic else {})


def _errors(name: str, topic: aws.sns.Topic, watched: Watched) -> None:
    counted = {
        "replicas": "HTTPCode_Target_5XX_Count",
        "balancer": "HTTPCode_ELB_5XX_Count",
        "requests": "RequestCount",
    }
    queries = [
        aws.cloudwatch.MetricAlarmMetricQueryArgs(
            id=query,
            metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
                namespace=BALANCER, metric_name=metric, dimensions=dict(watched.balancer), period=PERIOD, stat="Sum"
            ),
        )
        for query, metric in counted.items()
    ]
    share = aws.cloudwatch.MetricAlarmMetricQueryArgs(id="share", expression=_SHARE, label="% 5xx", return_data=True)
    _alarm(name, ERRORS, topic, {"metric_queries": [*queries, share]})


def _alarm(name: str, alert: Alert, topic: aws.sns.Topic, metric: Mapping[str, Any]) -> None:
    """Told when it begins and when it is over. A minute without requests has no data, and nothing is wrong with it."""
    aws.cloudwatch.MetricAlarm(
        f"alarm-{alert.name}",
        name=f"{name}-{alert.name}",
        alarm_description=str(alert),
        comparison_operator="GreaterThanThreshold",
        threshold=alert.threshold,
        evaluation_periods=alert.minutes,
        treat_missing_data="notBreaching",
        alarm_actions=[topic.arn],
        ok_actions=[topic.arn],
        **metric,
    )
