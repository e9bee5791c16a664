"""The dashboard of a site on Google Cloud, in the Monitoring of its project.

The form: cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_gcp as gcp

from infra import panels
from infra.contract import SiteSpec
from infra.gcp import metrics
from infra.gcp.metrics import MILLISECONDS, Metric
from infra.panels import Panel

GRID, HEIGHT = 12, 4
"""Columns of the whole dashboard, and rows of one panel."""

_SHOWN: Mapping[Panel, Sequence[Metric]] = {
    panels.REQUESTS: (metrics.REQUESTS,),
    panels.LATENCY: (metrics.LATENCY,),
    panels.REPLICAS: (metrics.INSTANCES,),
    panels.SATURATION: (metrics.CPU, metrics.MEMORY),
}
_SCALES: Mapping[Panel, tuple[float, str]] = {
    panels.REQUESTS: (1, "a second"),
    panels.SHARE_OF_ERRORS: (0.01, "of all"),
    panels.LATENCY: (MILLISECONDS, "ms"),
    panels.SATURATION: (0.01, "of what a replica has"),
}
"""Panel -> how many of Google's units one of ours is, and what they are called."""


def build_dashboard(name: str, spec: SiteSpec, ready: pulumi.ResourceOptions) -> None:
    """Every panel that Google Cloud has metrics for, two in a row."""
    shown = [panel for panel in panels.PANELS if panel in _SHOWN or panel is panels.SHARE_OF_ERRORS]
    tiles = [_tile(name, panel, place, spec) for place, panel in enumerate(shown)]
    body = {"displayName": name, "mosaicLayout": {"columns": GRID, "tiles": tiles}}
    gcp.monitoring.Dashboard("dashboard", dashboard_json=json.dumps(body), opts=ready)


def _tile(name: str, panel: Panel, position: int, spec: SiteSpec) -> dict[str, Any]:
    column, row = panels.place(position)
    width = GRID // panels.COLUMNS
    scale, unit = _SCALES.get(panel, (1, panel.unit))
    lines = [{"label": m.label, "value": m.value * scale} for m in panels.marks(panel, spec.replicas)]
    queries = [_share(name)] if panel is panels.SHARE_OF_ERRORS else [_series(name, m) for m in _SHOWN[panel]]
    return {
        "xPos": column * width,
        "yPos": row * HEIGHT,
        "width": width,
        "height": HEIGHT,
        "widget": {
            "title": panel.title,
            "xyChart": {
                "dataSets": [{"plotType": "LINE", "targetAxis": "Y1", "timeSeriesQuery": query} for query in queries],
                "thresholds": lines,
                "yAxis": {"label": unit, "scale": "LINEAR"},
            },
        },
    }


def _series(name: str, metric: Metric) -> dict[str, Any]:
    return {"timeSeriesFilter": _asked(name, metric)}


def _share(name: str) -> dict[str, Any]:
    """As the alarm has it: errors by all answers."""
    return {
        "timeSeriesFilterRatio": {
            "numerator": _asked(name, metrics.ERRORS),
            "denominator": _asked(name, metrics.REQUESTS),
        }
    }


def _asked(name: str, metric: Metric) -> dict[str, Any]:
    aggregation = {
        "alignmentPeriod": metrics.PERIOD,
        "perSeriesAligner": metric.aligner,
        "crossSeriesReducer": metric.reducer,
    }
    return {"filter": metric.filter(name), "aggregation": aggregation}
