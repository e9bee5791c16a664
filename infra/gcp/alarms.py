"""Alarms of a site on Google Cloud: Cloud Monitoring watches the load balancer and Cloud Run, and writes the mail."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_gcp as gcp

from infra.alerts import BUSY, ERRORS, SLOW, UNHEALTHY, Alert
from infra.gcp import metrics
from infra.gcp.metrics import MILLISECONDS, Metric


def build_alarms(
    name: str, address: str, least: int, ready: pulumi.ResourceOptions
) -> gcp.monitoring.NotificationChannel:
    """The alarms of the site of that name, of which never fewer than `least` instances should run; who is told."""
    told = gcp.monitoring.NotificationChannel(
        "alerts", display_name=f"{name}-alerts", type="email", labels={"email_address": address}, opts=ready
    )
    for alert, asked in (
        (ERRORS, _share_of_errors(name)),
        (SLOW, _above(name, metrics.LATENCY, SLOW.threshold * MILLISECONDS)),
        (UNHEALTHY, _fewer_instances(name, least)),
        (BUSY, _above(name, metrics.CPU, BUSY.threshold / 100)),
    ):
        _alarm(name, alert, asked, told)
    return told


def _share_of_errors(name: str) -> dict[str, Any]:
    """A share of two rates, each summed over everything that the load balancer tells apart."""
    divisor = gcp.monitoring.AlertPolicyConditionConditionThresholdDenominatorAggregationArgs
    return {
        **_above(name, metrics.ERRORS, ERRORS.threshold / 100),
        "denominator_filter": metrics.REQUESTS.filter(name),
        "denominator_aggregations": [divisor(**metrics.REQUESTS.aggregation)],
    }


def _above(name: str, metric: Metric, threshold: float) -> dict[str, Any]:
    aggregation = gcp.monitoring.AlertPolicyConditionConditionThresholdAggregationArgs
    return {
        "filter": metric.filter(name),
        "aggregations": [aggregation(**metric.aggregation)],
        "comparison": "COMPARISON_GT",
        "threshold_value": threshold,
    }


def _fewer_instances(name: str, least: int) -> dict[str, Any]:
    """A service without any instance has no data, which counts as too few."""
    return {
        **_above(name, metrics.INSTANCES, least),
        "comparison": "COMPARISON_LT",
        "evaluation_missing_data": "EVALUATION_MISSING_DATA_ACTIVE",
    }


def _alarm(name: str, alert: Alert, asked: dict[str, Any], told: gcp.monitoring.NotificationChannel) -> None:
    condition = gcp.monitoring.AlertPolicyConditionArgs(
        display_name=alert.what,
        condition_threshold=gcp.monitoring.AlertPolicyConditionConditionThresholdArgs(
            duration=f"{alert.minutes * 60}s", **asked
        ),
    )
    gcp.monitoring.AlertPolicy(
        f"alarm-{alert.name}",
        display_name=f"{name}-{alert.name}",
        combiner="OR",
        conditions=[condition],
        documentation=gcp.monitoring.AlertPolicyDocumentationArgs(content=str(alert), mime_type="text/markdown"),
        # Closed at the latest by then where the metric itself has stopped: 30 minutes is the least that there is.
        alert_strategy=gcp.monitoring.AlertPolicyAlertStrategyArgs(auto_close="1800s"),
        severity="WARNING",
        notification_channels=[told.id],
    )
