"""What the running sandbox tells of itself: for `make status`, the end of `make up`, and the tests."""

from __future__ import annotations

import contextlib
from typing import Any

import psutil

from failover.errors import Unavailable
from failover.testing import MovingRoute53
from sandbox.clouds.world import World

_HEALTH_CHECK = "aws:route53/healthCheck:HealthCheck"


def describe_weights(route53: MovingRoute53, host: str) -> list[dict[str, Any]]:
    """The weighted records of the public host as they are, also while Route 53's API refuses everybody."""
    name = host.rstrip(".") + "."
    return [
        {
            "site": record["SetIdentifier"],
            "weight": record["Weight"],
            "ttl": record["TTL"],
            "origin": record["ResourceRecords"][0]["Value"],
            "health_check": record.get("HealthCheckId", ""),
        }
        for zone in route53.snapshot()["zones"]
        for record in zone["Records"]
        if record["Name"] == name and "Weight" in record
    ]


def describe_health(world: World, route53: MovingRoute53) -> list[dict[str, Any]]:
    """Every health check of a stack: its id, the site that it watches, and what routing makes of it now."""
    checks = []
    for resource in world.all(_HEALTH_CHECK):
        with contextlib.suppress(Unavailable):
            site = (resource.inputs.get("tags") or {}).get("outlast:site", resource.name)
            checks.append({"id": resource.id, "site": site, "healthy": route53.status(resource.id).healthy})
    return checks


def count_types(world: World) -> dict[str, int]:
    """How many resources of each type exist."""
    counts: dict[str, int] = {}
    for resource in world.all():
        counts[resource.type] = counts.get(resource.type, 0) + 1
    return counts


def measure_process() -> dict[str, Any]:
    """Resident memory of this process and all that it started, in MB; CPU seconds of this process alone."""
    process = psutil.Process()
    family = [process, *process.children(recursive=True)]
    return {
        "pid": process.pid,
        "memory_mb": round(sum(map(_memory, family)) / 1e6),
        "cpu_seconds": sum(process.cpu_times()[:2]),
    }


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
