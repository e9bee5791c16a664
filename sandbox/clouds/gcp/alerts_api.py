"""Cloud Monitoring as somebody on call reads it: one period of a time series, and the alerts that are open.

How many instances there are at this moment is `monitoring_api`'s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.alarms.monitor import Monitor
from sandbox.clouds.gcp.alarms import POLICY, measure_of
from sandbox.clouds.gcp.common import project_of
from sandbox.clouds.gcp.monitoring_api import INSTANCES
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.world import World

Document = dict[str, Any]
PATH = re.compile(r"/monitoring\.googleapis\.com/v3/projects/(?P<project>[a-z0-9-]+)/(?P<what>timeSeries|alerts)")


def is_asked(path: str, query: Mapping[str, str]) -> bool:
    """Whether a request is answered here."""
    return PATH.fullmatch(path) is not None and f'metric.type="{INSTANCES}"' not in query.get("filter", "")


def answer(world: World, monitor: Monitor, method: str, path: str, query: Mapping[str, str]) -> Document:
    """One request. Raises CloudRefused with the API's own status."""
    found = PATH.fullmatch(path)
    if found is None or method != "GET":
        raise CloudRefused(f"UNIMPLEMENTED: the sandbox has no {method} of {path}")
    if found["what"] == "alerts":
        opened = monitor.alarming()
        return {"alerts": [_alert(r, opened[r.key]) for r in _policies(world, found["project"]) if r.key in opened]}
    measure = measure_of(world, found["project"], query.get("filter"), [_aggregation(query)])
    begin, end = (_seconds(query.get(f"interval.{which}", "")) for which in ("startTime", "endTime"))
    value = monitor.measure(measure, begin, end)
    return {} if value is None else {"timeSeries": [{"points": [{"value": {"doubleValue": value}}]}]}


def owner(world: World, path: str, query: Mapping[str, str]) -> str:
    """The stack whose series or alerts are asked for; empty where there is none."""
    found = PATH.fullmatch(path)
    if found is None:
        return ""
    if found["what"] == "timeSeries":
        return measure_of(world, found["project"], query.get("filter"), [_aggregation(query)]).of
    return next((r.stack for r in _policies(world, found["project"])), "")


def _policies(world: World, project: str) -> list[Resource]:
    return [r for r in world.store.all(POLICY) if project_of(r) == project]


def _aggregation(query: Mapping[str, str]) -> dict[str, str]:
    """As an alert policy writes it."""
    names = ("alignmentPeriod", "perSeriesAligner", "crossSeriesReducer")
    return {name: query.get(f"aggregation.{name}", "") for name in names}


def _seconds(text: str) -> float:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except ValueError as error:
        raise CloudRefused(f"INVALID_ARGUMENT: Field interval had an invalid value: {text!r}") from error


def _alert(r: Resource, since: float) -> Document:
    opened = datetime.fromtimestamp(since, UTC).isoformat().replace("+00:00", "Z")
    return {"state": "OPEN", "openTime": opened, "policy": {"name": r.id, "displayName": str(r.inputs["displayName"])}}
