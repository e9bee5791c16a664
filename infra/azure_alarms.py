"""Alarms of a site on Azure: Azure Monitor watches the container app, an action group writes the mail.

Metrics: learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/microsoft-app-containerapps-metrics
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pulumi

from infra.alerts import BUSY, ERROR_COUNT, ERRORS, SLOW, UNHEALTHY, Alert

if TYPE_CHECKING:
    from pulumi_azure_native import app, monitor, resources

APP_METRICS = "Microsoft.App/containerApps"
WARNING = 2
"""Of Azure's severities, from 0, critical, to 4."""
_FIVE_HUNDREDS = "5xx"
_MILLISECONDS = 1000


def build_alarms(
    name: str, address: str, group: resources.ResourceGroup, container_app: app.ContainerApp, least: int
) -> None:
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
    errors = [monitor.MetricDimensionArgs(name="statusCodeCategory", operator="Include", values=[_FIVE_HUNDREDS])]
    for alert, metric in (
        (ERRORS, _metric("Requests", "Total", "GreaterThan", ERROR_COUNT, errors)),
        (SLOW, _metric("ResponseTime", "Average", "GreaterThan", SLOW.threshold * _MILLISECONDS)),
        (UNHEALTHY, _metric("Replicas", "Maximum", "LessThan", least)),
        (BUSY, _metric("CpuPercentage", "Average", "GreaterThan", BUSY.threshold)),
    ):
        _alarm(name, alert, metric, group, container_app, told)


def _metric(
    metric: str,
    aggregation: str,
    operator: str,
    threshold: float,
    dimensions: Sequence[monitor.MetricDimensionArgs] = (),
) -> monitor.MetricCriteriaArgs:
    from pulumi_azure_native import monitor

    return monitor.MetricCriteriaArgs(
        criterion_type="StaticThresholdCriterion",
        name=metric,
        metric_name=metric,
        metric_namespace=APP_METRICS,
        time_aggregation=aggregation,
        operator=operator,
        threshold=threshold,
        dimensions=list(dimensions),
    )


def _alarm(
    name: str,
    alert: Alert,
    metric: monitor.MetricCriteriaArgs,
    group: resources.ResourceGroup,
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
            odata_type="Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria", all_of=[metric]
        ),
        actions=[monitor.MetricAlertActionArgs(action_group_id=told.id)],
    )
