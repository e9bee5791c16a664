"""Azure Monitor as somebody on call reads it: the metrics of a container app, and the alerts that are fired.

Metrics - List and Alerts - Get All. Of dimensions there is the category of an answer's status alone: 5xx, and the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.alarms.monitor import Monitor
from sandbox.alarms.rule import Measure
from sandbox.clouds.azure.alarms import METRIC_ALERT, METRICS, STATISTICS, measure_of
from sandbox.clouds.azure.apps import APP
from sandbox.clouds.azure.common import tail
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.world import World

Document = dict[str, Any]
_APP = r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.App/containerApps/[^/]+"
PATH = re.compile(
    rf"(?P<app>{_APP})/providers/Microsoft\.Insights/metrics"
    r"|/subscriptions/(?P<subscription>[^/]+)/providers/Microsoft\.AlertsManagement/alerts"
)
_BY_CATEGORY = "statusCodeCategory eq '*'"


def answer(world: World, monitor: Monitor, method: str, path: str, query: Mapping[str, str]) -> Document:
    """One request. Raises CloudRefused with the API's own code."""
    found = PATH.fullmatch(path)
    if found is None or method != "GET":
        raise CloudRefused(f"MethodNotAllowed: the sandbox has no {method} of {path}")
    if found["app"] is None:
        fired = monitor.alarming()
        return {"value": [_fired(r, fired[r.key]) for r in _rules(world, found["subscription"]) if r.key in fired]}
    app = world.store.get(APP, found["app"])
    if app is None:
        raise CloudRefused(f"ResourceNotFound: The Resource '{path}' was not found.")
    names = query.get("metricnames", "").split(",")
    unknown = [name for name in names if name not in METRICS]
    if unknown:
        raise CloudRefused(f"BadRequest: Failed to find metric configuration for metric: {', '.join(unknown)}")
    if query.get("aggregation", "Average") not in STATISTICS:
        raise CloudRefused(f"BadRequest: Invalid aggregation: {query['aggregation']}; one of {', '.join(STATISTICS)}")
    begin, end = _period(query.get("timespan", ""))
    return {"value": [_metric(monitor, app, name, query, begin, end) for name in names]}


def owner(world: World, path: str) -> str:
    """The stack whose app or alerts are asked for; empty where there is none."""
    found = PATH.fullmatch(path)
    if found is None:
        return ""
    app = world.store.get(APP, found["app"]) if found["app"] else None
    named = [app] if app else _rules(world, found["subscription"]) if found["subscription"] else []
    return next((r.stack for r in named), "")


def _rules(world: World, subscription: str) -> list[Resource]:
    return [r for r in world.store.all(METRIC_ALERT) if r.id.startswith(f"/subscriptions/{subscription}/")]


def _metric(
    monitor: Monitor, app: Resource, name: str, query: Mapping[str, str], begin: datetime, end: datetime
) -> Document:
    aggregation = query.get("aggregation", "Average")
    every = measure_of(app.stack, name, aggregation)

    def series(value: float | None, *categories: str) -> Document:
        about = [{"name": {"value": "statuscodecategory"}, "value": category} for category in categories]
        point = {} if value is None else {aggregation.lower(): value}
        return {"metadatavalues": about, "data": [{"timeStamp": begin.isoformat(), **point}]}

    def read(measure: Measure) -> float | None:
        return monitor.measure(measure, begin.timestamp(), end.timestamp())

    found = [series(read(every))]
    if query.get("$filter") == _BY_CATEGORY and every.series == "answers":
        failed = read(replace(every, series="errors")) or 0.0
        found = [series((read(every) or 0.0) - failed, "2xx"), series(failed, "5xx")]
    return {"name": {"value": name, "localizedValue": name}, "errorCode": "Success", "timeseries": found}


def _fired(r: Resource, since: float) -> Document:
    essentials = {
        "alertRule": r.id,
        "monitorCondition": "Fired",
        "monitorService": "Platform",
        "startDateTime": datetime.fromtimestamp(since, UTC).isoformat(),
        "description": str(r.inputs.get("description") or ""),
    }
    return {"name": tail(r), "properties": {"essentials": essentials}}


def _period(timespan: str) -> tuple[datetime, datetime]:
    """Of `begin/end`. Left out it is the last hour, as Metrics - List has it; of its other forms none is simulated."""
    if not timespan:
        return (now := datetime.now(UTC)) - timedelta(hours=1), now
    try:
        begin, end = (datetime.fromisoformat(one.replace("Z", "+00:00")) for one in timespan.split("/"))
    except ValueError:
        raise CloudRefused(f"BadRequest: Invalid timespan: {timespan}") from None
    return begin, end
