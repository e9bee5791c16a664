"""The dashboard of a site on AWS: what CloudWatch's console shows under the site's name.

The body's form: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from infra import panels
from infra.aws import metrics
from infra.aws.metrics import PERIOD, Metric, Watched
from infra.contract import SiteSpec
from infra.panels import Panel

WIDTH, HEIGHT = 12, 6
"""Of one panel: the grid has 24 columns."""

_SHOWN: Mapping[Panel, Sequence[Metric]] = {
    panels.REQUESTS: (metrics.REQUESTS,),
    panels.LATENCY: (metrics.LATENCY,),
    panels.REPLICAS: (metrics.HEALTHY, metrics.UNHEALTHY),
    panels.SATURATION: (metrics.CPU, metrics.MEMORY),
    panels.REFUSED: (metrics.REJECTED,),
}


def build_dashboard(name: str, spec: SiteSpec, watched: Watched) -> None:
    """All panels of the table, two in a row."""
    widgets = [_widget(panel, place, spec, watched) for place, panel in enumerate(panels.PANELS)]
    body = pulumi.Output.json_dumps({"start": "-PT3H", "periodOverride": "inherit", "widgets": widgets})
    aws.cloudwatch.Dashboard("dashboard", dashboard_name=name, dashboard_body=body)


def _widget(panel: Panel, position: int, spec: SiteSpec, watched: Watched) -> dict[str, Any]:
    column, row = panels.place(position)
    marks = [{"label": mark.label, "value": mark.value} for mark in panels.marks(panel, spec.replicas)]
    shown = _share(watched) if panel is panels.SHARE_OF_ERRORS else [_line(m, watched) for m in _SHOWN[panel]]
    return {
        "type": "metric",
        "x": column * WIDTH,
        "y": row * HEIGHT,
        "width": WIDTH,
        "height": HEIGHT,
        "properties": {
            "title": panel.title,
            "region": spec.region,
            "view": "timeSeries",
            "stacked": False,
            "period": PERIOD,
            "metrics": shown,
            "yAxis": {"left": {"min": 0, "label": panel.unit, "showUnits": False}},
            **({"annotations": {"horizontal": marks}} if marks else {}),
        },
    }


def _line(metric: Metric, watched: Watched, **rendering: Any) -> list[Any]:
    """A metric as a dashboard names it: namespace, name, each dimension with its value, and how it is drawn."""
    dimensions = [part for pair in watched.of(metric).items() for part in pair]
    return [metric.namespace, metric.name, *dimensions, {"stat": metric.statistic, **rendering}]


def _share(watched: Watched) -> list[Any]:
    """The expression of the alarm, over the same metrics, which themselves are not drawn."""
    counted = [_line(metric, watched, id=id_, visible=False) for id_, metric in metrics.COUNTED.items()]
    return [[{"id": "share", "expression": metrics.SHARE_OF_ERRORS, "label": "5xx"}], *counted]
