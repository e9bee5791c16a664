"""Alarms of a site on Azure: Azure Monitor watches the container app, an action group writes the mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from infra.alerts import BUSY, ERROR_COUNT, ERRORS, SLOW, UNHEALTHY, Alert
from infra.azure import metrics
from infra.azure.metrics import APP_METRICS, CATEGORY, MILLISECONDS, Metric

if TYPE_CHECKING:
    from pulumi_azure_native import app, monitor

    from infra.azure.holdings import Holdings

WARNING = 2
"""Of Azure's severities, from 0, critical, to 4."""


def build_alarms(name: str, address: str, group: Holdings, container_app: app.ContainerApp, least: int) -> None:
    """The alarms of one site, of which never fewer than `least` replicas should run."""
    from pulumi_azure_native import monitor  # half a second, for whoever asks for alarms

    mail = monitor.MicrosoftCommonEmailReceiverArgs(
        name="operator", email_address=address, use_common_alert_schema=True
    )
    told = monitor.ActionGroup(
        "alerts",
        action_group_name=f"{name}-alerts",
        # What a text message would begin with: at most 12 characters.
        group_short_name="outlast",
        resource_group_name=group.name,
        location="Global",
        enabled=True,
        email_receivers=[mail],
    )
    for alert, criterion in (
        (ERRORS, _criterion(metrics.ERRORS, "GreaterThan", ERROR_COUNT)),
        (SLOW, _criterion(metrics.LATENCY, "GreaterThan", SLOW.threshold * MILLISECONDS)),
        (UNHEALTHY, _criterion(metrics.REPLICAS, "LessThan", least)),
        (BUSY, _criterion(metrics.CPU, "GreaterThan", BUSY.threshold)),
    ):
        _alarm(name, alert, criterion, group, container_app, told)


def _criterion(metric: Metric, operator: str, threshold: float) -> monitor.MetricCriteriaArgs:
    from pulumi_azure_native import monitor

    categories = [metric.category] if metric.category else []
    return monitor.MetricCriteriaArgs(
        criterion_type="StaticThresholdCriterion",
        name=metric.name,
        metric_name=metric.name,
        metric_namespace=APP_METRICS,
        time_aggregation=metric.aggregation,
        operator=operator,
        threshold=threshold,
        dimensions=[monitor.MetricDimensionArgs(name=CATEGORY, operator="Include", values=[c]) for c in categories],
    )


def _alarm(
    name: str,
    alert: Alert,
    criterion: monitor.MetricCriteriaArgs,
    group: Holdings,
    container_app: pulumi.CustomResource,
    told: monitor.ActionGroup,
) -> None:
    """Looked at each minute over the window; over after three looks without a violation, and told then too."""
    from pulumi_azure_native import monitor

    monitor.MetricAlert(
        f"alarm-{alert.name}",
        rule_name=f"{name}-{alert.name}",
        resource_group_name=group.name,
        location="global",
        description=str(alert),
        severity=WARNING,
        enabled=True,
        auto_mitigate=True,
        scopes=[container_app.id],
        evaluation_frequency="PT1M",
        window_size=f"PT{alert.minutes}M",
        criteria=monitor.MetricAlertSingleResourceMultipleMetricCriteriaArgs(
            odata_type="Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria", all_of=[criterion]
        ),
        actions=[monitor.MetricAlertActionArgs(action_group_id=told.id)],
    )
