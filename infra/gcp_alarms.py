"""Alarms of a site on Google Cloud: Cloud Monitoring watches the load balancer and Cloud Run, and writes the mail.

Metrics: cloud.google.com/monitoring/api/metrics_gcp. The load balancer's are taken where both have one: Cloud Run does
not see what never reaches it.
"""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_gcp as gcp

from infra.alerts import BUSY, ERRORS, SLOW, UNHEALTHY, Alert

PERIOD = "60s"
_MILLISECONDS = 1000


def build_alarms(
    name: str, address: str, least: int, ready: pulumi.ResourceOptions
) -> gcp.monitoring.NotificationChannel:
    """The alarms of the site of that name, of which never fewer than `least` instances should run; who is told."""
    told = gcp.monitoring.NotificationChannel(
        "alerts", display_name=f"{name}-alerts", type="email", labels={"email_address": address}, opts=ready
    )
    for alert, asked in (
        (ERRORS, _share_of_errors(name)),
        (SLOW, _above(_balancer(name, "total_latencies"), SLOW.threshold * _MILLISECONDS, "ALIGN_PERCENTILE_95")),
        (UNHEALTHY, _fewer_instances(name, least)),
        (BUSY, _above(_run(name, "container/cpu/utilizations"), BUSY.threshold / 100, "ALIGN_PERCENTILE_50")),
    ):
        _alarm(name, alert, asked, told)
    return told


def _balancer(name: str, metric: str) -> str:
    type_ = f'metric.type="loadbalancing.googleapis.com/https/{metric}"'
    return f'{type_} AND resource.type="https_lb_rule" AND resource.labels.url_map_name="{name}"'


def _run(name: str, metric: str) -> str:
    type_ = f'metric.type="run.googleapis.com/{metric}"'
    return f'{type_} AND resource.type="cloud_run_revision" AND resource.labels.service_name="{name}"'


def _share_of_errors(name: str) -> dict[str, Any]:
    """A share of two rates, each summed over everything that the load balancer tells apart."""
    every = _balancer(name, "request_count")
    together = {"alignment_period": PERIOD, "per_series_aligner": "ALIGN_RATE", "cross_series_reducer": "REDUCE_SUM"}
    threshold = gcp.monitoring.AlertPolicyConditionConditionThresholdAggregationArgs
    divisor = gcp.monitoring.AlertPolicyConditionConditionThresholdDenominatorAggregationArgs
    return {
        "filter": f"{every} AND metric.labels.response_code_class=500",
        "aggregations": [threshold(**together)],
        "denominator_filter": every,
        "denominator_aggregations": [divisor(**together)],
        "comparison": "COMPARISON_GT",
        "threshold_value": ERRORS.threshold / 100,
    }


def _above(filter_: str, threshold: float, aligner: str) -> dict[str, Any]:
    together = gcp.monitoring.AlertPolicyConditionConditionThresholdAggregationArgs(
        alignment_period=PERIOD, per_series_aligner=aligner, cross_series_reducer="REDUCE_MAX"
    )
    return {
        "filter": filter_,
        "aggregations": [together],
        "comparison": "COMPARISON_GT",
        "threshold_value": threshold,
    }


def _fewer_instances(name: str, least: int) -> dict[str, Any]:
    """Active and idle ones together. A service without any has no data, which counts as too few."""
    together = gcp.monitoring.AlertPolicyConditionConditionThresholdAggregationArgs(
        alignment_period=PERIOD, per_series_aligner="ALIGN_MAX", cross_series_reducer="REDUCE_SUM"
    )
    return {
        "filter": _run(name, "container/instance_count"),
        "aggregations": [together],
        "comparison": "COMPARISON_LT",
        "threshold_value": least,
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
