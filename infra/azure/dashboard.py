"""The dashboard of a site on Azure: a shared one of the portal, in the site's resource group.

A chart of the portal has no threshold line and divides no metrics: the threshold stands in the title, and errors are
counted. The form of a part is that of dashboards which the portal exports ("Download" of a shared dashboard); Azure
documents the resource (Microsoft.Portal/dashboards) and leaves what is inside a part to the portal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pulumi

from infra import panels
from infra.alerts import ERROR_COUNT, SLOW
from infra.azure import metrics
from infra.azure.metrics import APP_METRICS, CATEGORY, MILLISECONDS, Metric
from infra.contract import SiteSpec
from infra.panels import Panel

if TYPE_CHECKING:
    from pulumi_azure_native import app, portal

    from infra.azure.holdings import Holdings

WIDTH, HEIGHT = 9, 4
_CHART = "Extension/HubsExtension/PartType/MonitorChartPart"
_AGGREGATIONS = {"Total": 1, "Minimum": 2, "Maximum": 3, "Average": 4, "Count": 7}
"""The portal's numbers for them."""

_LINES, _OWN_TITLE = 2, 1
_HOURS = 3

_SHOWN: Mapping[Panel, Sequence[Metric]] = {
    panels.REQUESTS: (metrics.REQUESTS,),
    panels.SHARE_OF_ERRORS: (metrics.ERRORS,),
    panels.LATENCY: (metrics.LATENCY,),
    panels.REPLICAS: (metrics.REPLICAS,),
    panels.SATURATION: (metrics.CPU, metrics.MEMORY),
}
"""Without the connections that are rejected: Container Apps has no such metric."""


def build_dashboard(name: str, spec: SiteSpec, group: Holdings, container_app: app.ContainerApp) -> None:
    """Every panel that Azure has metrics for, two in a row."""
    from pulumi_azure_native import portal  # only for whoever asks for one

    shown = [panel for panel in panels.PANELS if panel in _SHOWN]
    parts = [_part(panel, place, spec, container_app.id) for place, panel in enumerate(shown)]
    hours = {"relative": {"duration": _HOURS, "timeUnit": 1}}
    time_range = {"value": hours, "type": "MsPortalFx.Composition.Configuration.ValueTypes.TimeRange"}
    portal.Dashboard(
        "dashboard",
        dashboard_name=name,
        resource_group_name=group.name,
        location=group.location,
        properties=portal.DashboardPropertiesWithProvisioningStateArgs(
            lenses=[portal.DashboardLensArgs(order=0, parts=parts)], metadata={"model": {"timeRange": time_range}}
        ),
    )


def _part(panel: Panel, position: int, spec: SiteSpec, app_id: pulumi.Output[str]) -> portal.DashboardPartsArgs:
    from pulumi_azure_native import portal

    column, row = panels.place(position)
    return portal.DashboardPartsArgs(
        position=portal.DashboardPartsPositionArgs(x=column * WIDTH, y=row * HEIGHT, col_span=WIDTH, row_span=HEIGHT),
        metadata=portal.DashboardPartMetadataArgs(
            type=_CHART,
            inputs=[{"name": "options", "isOptional": True}, {"name": "sharedTimeRange", "isOptional": True}],
            settings={"content": {"options": {"chart": _chart(panel, spec, app_id)}}},
        ),
    )


def _chart(panel: Panel, spec: SiteSpec, app_id: pulumi.Output[str]) -> dict[str, Any]:
    shown = _SHOWN[panel]
    chart: dict[str, Any] = {
        "metrics": [_metric(metric, app_id) for metric in shown],
        "title": _title(panel, spec),
        "titleKind": _OWN_TITLE,
        "visualization": {"chartType": _LINES},
    }
    categories = [metric.category for metric in shown if metric.category]
    if categories:
        chart["filterCollection"] = {"filters": [{"key": CATEGORY, "operator": 0, "values": categories}]}
    return chart


def _metric(metric: Metric, app_id: pulumi.Output[str]) -> dict[str, Any]:
    return {
        "resourceMetadata": {"id": app_id},
        "name": metric.name,
        "namespace": APP_METRICS.lower(),
        "aggregationType": _AGGREGATIONS[metric.aggregation],
        "metricVisualization": {"displayName": metric.name},
    }


def _title(panel: Panel, spec: SiteSpec) -> str:
    """What is shown, and in Azure's own units from where on the alarm is."""
    if panel is panels.SHARE_OF_ERRORS:
        return f"{panel.title}, counted (alarm above {ERROR_COUNT})"
    if panel is panels.LATENCY:
        return f"Time of the answers, average in ms (alarm above {SLOW.threshold * MILLISECONDS:g})"
    if panel is panels.REPLICAS:
        return f"Replicas ({spec.replicas.minimum} to {spec.replicas.maximum})"
    threshold = f" (alarm above {panel.alert.threshold:g} %)" if panel.alert else ""
    return f"{panel.title}, {panel.unit}{threshold}"
