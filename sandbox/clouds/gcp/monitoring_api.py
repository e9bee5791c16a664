"""Cloud Monitoring's API as drills read it: how many instances of a Cloud Run service there are.

One point, of this moment: the real ones are sampled by the minute and come some minutes late.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.clouds.gcp.common import project_of, tail
from sandbox.clouds.gcp.run import SERVICE
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.world import World

Document = dict[str, Any]
PATH = re.compile(r"/monitoring\.googleapis\.com/v3/projects/(?P<project>[a-z0-9-]+)/timeSeries")
INSTANCES = "run.googleapis.com/container/instance_count"
_NEEDED = ("filter", "interval.endTime")


def answer(world: World, method: str, path: str, query: Mapping[str, str]) -> Document:
    """One request of projects.timeSeries.list. Raises CloudRefused with the API's own status."""
    if method != "GET":
        raise CloudRefused(f"UNIMPLEMENTED: the sandbox has no {method} of time series")
    missing = [name for name in _NEEDED if not query.get(name)]
    if missing:
        raise CloudRefused(f"INVALID_ARGUMENT: Field {' and '.join(missing)} had an invalid value.")
    if f'metric.type="{INSTANCES}"' not in query["filter"]:
        raise CloudRefused(f"NOT_FOUND: Cannot find metric(s): the sandbox lists {INSTANCES} alone")
    service = _find(world, path, query)
    count = world.hooks.count_ready(service.key) if service else 0
    return {"timeSeries": [_series(count)]} if count else {}


def owner(world: World, path: str, query: Mapping[str, str]) -> str:
    """The stack whose service is asked for; empty where there is none."""
    service = _find(world, path, query)
    return service.stack if service else ""


def _find(world: World, path: str, query: Mapping[str, str]) -> Resource | None:
    found, named = PATH.fullmatch(path), re.search(r'service_name="([^"]+)"', query.get("filter", ""))
    if not found or not named:
        return None
    services = [s for s in world.store.all(SERVICE) if project_of(s) == found["project"] and tail(s) == named[1]]
    return services[0] if services else None


def _series(count: int) -> Document:
    now = datetime.now(UTC).isoformat()
    point = {"interval": {"startTime": now, "endTime": now}, "value": {"int64Value": str(count)}}
    return {"metric": {"type": INSTANCES}, "metricKind": "GAUGE", "valueType": "INT64", "points": [point]}
