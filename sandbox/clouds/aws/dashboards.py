"""CloudWatch dashboards: the body is read as PutDashboard reads it, and every mistake in it is told together.

docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sandbox.clouds.aws.common import account_of
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import TERRAFORM_AWS, Mistake, Text, because, is_known
from sandbox.clouds.values import Values

DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"

_TYPES = ("metric", "text", "log", "alarm", "explorer", "chart", "custom")
_COLUMNS, _MOST_HIGH, _MOST_WIDGETS, _MOST_METRICS = 24, 1000, 500, 500

Found = tuple[str, str]  # path inside the body, message


def _body(inputs: Values) -> Iterator[Mistake]:
    """CloudWatch API, Dashboard Body Structure: the body is JSON with widgets, each on the grid and complete."""
    if not is_known(text := inputs.get("dashboardBody")):
        return
    try:
        body = json.loads(str(text))
    except ValueError:
        yield "dashboardBody", "InvalidParameterInput: The field DashboardBody must be a valid JSON object"
        return
    found = list(_mistakes_of(body))
    if found:
        said = json.dumps([{"dataPath": path, "message": message} for path, message in found])
        count = f"there are {len(found)} validation errors"
        yield "dashboardBody", f"InvalidParameterInput: The dashboard body is invalid, {count}: {said}"


def _mistakes_of(body: Any) -> Iterator[Found]:
    widgets = body.get("widgets") if isinstance(body, dict) else None
    if not isinstance(widgets, list):
        yield "", "Should have required property 'widgets'"
        return
    if len(widgets) > _MOST_WIDGETS:
        yield "/widgets", f"Should NOT have more than {_MOST_WIDGETS} items"
    for position, widget in enumerate(widgets):
        where = f"/widgets/{position}"
        if not isinstance(widget, dict) or widget.get("type") not in _TYPES:
            yield f"{where}/type", f"Should be one of {', '.join(_TYPES)}"
            continue
        yield from _grid(where, widget)
        if not isinstance(widget.get("properties"), dict):
            yield where, "Should have required property 'properties'"
        elif widget["type"] == "metric":
            yield from _metric_widget(f"{where}/properties", widget["properties"])


def _grid(where: str, widget: Values) -> Iterator[Found]:
    """A place is optional; one that is given is whole and inside 24 columns."""
    bounds = {"x": (0, _COLUMNS - 1), "y": (0, None), "width": (1, _COLUMNS), "height": (1, _MOST_HIGH)}
    for name, (least, most) in bounds.items():
        value = widget.get(name, least)
        if not _is_whole(value) or value < least or (most is not None and value > most):
            yield f"{where}/{name}", f"Should be a whole number from {least}" + (f" to {most}" if most else "")
            return
    if widget.get("x", 0) + widget.get("width", 1) > _COLUMNS:
        yield where, f"x and width are together more than {_COLUMNS} columns"


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _metric_widget(where: str, properties: Values) -> Iterator[Found]:
    metrics = properties.get("metrics")
    if metrics is None and not (properties.get("annotations") or {}).get("alarms"):
        yield where, "Should have required property 'metrics'"
    if not properties.get("region"):
        yield where, "Should have required property 'region'"
    period = properties.get("period", 300)
    if not _is_whole(period) or not (period in (1, 5, 10, 20, 30) or (period > 0 and period % 60 == 0)):
        yield f"{where}/period", "Should be 1, 5, 10, 20, 30 or a multiple of 60"
    lines = metrics if isinstance(metrics, list) else []
    if len(lines) > _MOST_METRICS:
        yield f"{where}/metrics", f"Should NOT have more than {_MOST_METRICS} items"
    for position, line in enumerate(lines):
        yield from _metric(f"{where}/metrics/{position}", line)
    for position, mark in enumerate((properties.get("annotations") or {}).get("horizontal") or []):
        if not isinstance(mark, list) and not isinstance(mark.get("value"), int | float):
            yield f"{where}/annotations/horizontal/{position}", "Should have required property 'value'"


def _metric(where: str, line: Any) -> Iterator[Found]:
    """Namespace, name and pairs of dimension and value, then by choice an object; or an object with an expression."""
    if not isinstance(line, list) or not line:
        yield where, "Should be an array with at least 1 item"
        return
    drawn = line[-1] if isinstance(line[-1], dict) else None
    named = line[:-1] if drawn is not None else line
    if not named:
        if not (drawn or {}).get("expression"):
            yield where, "Should have required property 'expression'"
    elif not all(isinstance(part, str) for part in named):
        yield where, 'Invalid metric field type, only "String" type is allowed'
    elif "..." not in named and (len(named) < 2 or len(named) % 2):
        yield where, "Should have a namespace, a name, and a value for each dimension"


declare(
    DASHBOARD,
    fidelity=Fidelity.TYPED,
    not_simulated="that anybody sees it; its body is read as PutDashboard reads it. A chart of a metric that nothing "
    "emits is taken, and stays empty, as in the console",
    id_of=lambda world, r: str(r.inputs["dashboardName"]),
    outputs=lambda world, r: {"dashboardArn": f"arn:aws:cloudwatch::{account_of(r)}:dashboard/{r.id}"},
    limits={"dashboardName": Text(255, r"[A-Za-z0-9_-]+", "CloudWatch API, PutDashboard.DashboardName")},
    combinations=(_body,),
    not_known=("the words of each message, but for their form; the rules of widgets that show no metric",),
    forces_new=because(f"{TERRAFORM_AWS}/cloudwatch/dashboard.go", "dashboardName"),
)
