"""Alarms of a site on AWS: CloudWatch watches the load balancer and the service, SNS writes the mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi_aws as aws

from infra.alerts import BUSY, ERRORS, REJECTED, SLOW, UNHEALTHY, Alert
from infra.aws import metrics
from infra.aws.metrics import PERIOD, Metric, Watched


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
    for alert, metric in (
        (SLOW, metrics.LATENCY),
        (UNHEALTHY, metrics.UNHEALTHY),
        (BUSY, metrics.CPU),
        (REJECTED, metrics.REJECTED),
    ):
        _alarm(name, alert, topic, _asked(metric, watched))


def _asked(metric: Metric, watched: Watched) -> dict[str, Any]:
    return {
        "namespace": metric.namespace,
        "metric_name": metric.name,
        "dimensions": dict(watched.of(metric)),
        "period": PERIOD,
        "extended_statistic" if metric.is_percentile else "statistic": metric.statistic,
    }


def _errors(name: str, topic: aws.sns.Topic, watched: Watched) -> None:
    queries = [
        aws.cloudwatch.MetricAlarmMetricQueryArgs(
            id=query,
            metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
                namespace=metric.namespace,
                metric_name=metric.name,
                dimensions=dict(watched.of(metric)),
                period=PERIOD,
                stat=metric.statistic,
            ),
            return_data=False,  # left out, the API means true, and an alarm watches one value
        )
        for query, metric in metrics.COUNTED.items()
    ]
    share = aws.cloudwatch.MetricAlarmMetricQueryArgs(
        id="share", expression=metrics.SHARE_OF_ERRORS, label="% 5xx", return_data=True
    )
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
