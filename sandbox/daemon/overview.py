"""What the running sandbox tells of itself: for `make status`, the end of `make up`, and the tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psutil

from failover.drill.facts import by_region, is_failure
from failover.routing.answers import RecordSet, Sight, Zone
from failover.routing.predict import HEALTHY_SHARE
from failover.routing.spread import list_ends
from failover.simulator import MovingRoute53
from failover.simulator.checkers import HealthStatus
from failover.simulator.health import Config, regions_of
from sandbox.clouds.store import ResourceStore
from sandbox.clouds.world import World
from service.errors import Unavailable

_HEALTH_CHECK = "aws:route53/healthCheck:HealthCheck"


def describe_weights(route53: MovingRoute53, host: str) -> list[dict[str, Any]]:
    """The records that the public host leads to by site, also while Route 53's API refuses everybody.

    `chosen` says by what a site is chosen: its weight, its place in the order of failover, its region, or the
    geographies that it answers for.
    """
    zones = [Zone.from_api(zone["Name"], zone["Records"]) for zone in route53.snapshot()["zones"]]
    sight = Sight(zones, lambda check_id: True)
    zone = sight.zone_of(host)
    group = [record for record in zone.group(host, "CNAME") if record.policy != "simple"] if zone else []
    by_site: dict[str, list[RecordSet]] = {}
    for end in list_ends(sight, group):
        by_site.setdefault(str(end.set_identifier), []).append(end)
    found = [_describe_site(site, ends, host, number) for number, (site, ends) in enumerate(by_site.items(), 1)]
    return sorted(found, key=lambda weight: str(weight["site"]))


def _describe_site(site: str, ends: Sequence[RecordSet], host: str, number: int) -> dict[str, Any]:
    return {
        "site": site,
        "weight": ends[0].weight or 0,
        "chosen": _describe_choice(ends, host, number),
        "ttl": ends[0].ttl_seconds,
        "origin": ends[0].values[0],
        "health_check": ends[0].health_check_id or "",
    }


def _describe_choice(ends: Sequence[RecordSet], host: str, number: int) -> str:
    groups = [end.name.removesuffix(host).rstrip(".") for end in ends]
    if ends[0].policy == "failover":
        return f"{number} in order"
    if ends[0].policy == "latency":
        return f"near {ends[0].region}"
    return f"for {', '.join(groups)}" if any(groups) else str(ends[0].weight)


def describe_health(world: World, route53: MovingRoute53) -> list[dict[str, Any]]:
    """Every health check of the account: its id, the site that it watches, and what routing makes of it now.

    `settled`: every checker has looked, and what they saw last bears the status out. Until then a new check is healthy
    for want of data. `failure`: the latest failing sentence of its checkers, "" where none fails, or where they should:
    an inverted check is a drain switch that is not thrown. A calculated check is settled when all of its children are.
    One that was made by another application has its name, or its id, for a site.
    """
    names = {resource.id: resource.name for resource in world.store.all(_HEALTH_CHECK)}
    checks = {check["Id"]: check for check in route53.snapshot()["health_checks"]}
    return [
        found
        for check_id, check in checks.items()
        if (found := _describe_check(route53, checks, check, names.get(check_id, "")))
    ]


def _describe_check(
    route53: MovingRoute53, checks: Mapping[str, dict[str, Any]], check: dict[str, Any], name: str
) -> dict[str, Any] | None:
    """None for one that was deleted a moment ago."""
    tags = {tag["Key"]: tag["Value"] for tag in check["Tags"]}
    try:
        status = route53.status(check["Id"])
        settled = _all_settled(route53, checks, check["Id"])
    except Unavailable:
        return None
    expected = status.inverted and not status.disabled
    return {
        "id": check["Id"],
        "site": name or _site_of(tags) or tags.get("Name") or check["Id"],
        "healthy": status.healthy,
        "settled": settled,
        "failure": "" if expected else latest_failure(status),
        "regions": {} if expected else by_region((one.region, one.report) for one in status.observations),
    }


def _site_of(tags: Mapping[str, str]) -> str:
    """Of a check that asks a site itself: its name is the site's own host, `<site>.<public host>`."""
    return tags.get("Name", "").partition(".")[0] if "outlast:cloud" in tags else ""


def _all_settled(route53: MovingRoute53, checks: Mapping[str, dict[str, Any]], check_id: str) -> bool:
    config = checks[check_id]["HealthCheckConfig"] if check_id in checks else {"Type": "CALCULATED"}
    children = config.get("ChildHealthChecks") or ()
    return is_settled(route53.status(check_id), config) and all(_all_settled(route53, checks, c) for c in children)


def is_settled(status: HealthStatus, config: Config | None) -> bool:
    """Whether each checker has looked, and the latest looks alone would give the status that the check has."""
    wanted = len(regions_of(config)) if config else 0
    if not wanted:
        return True  # disabled, calculated, an alarm's: nobody looks
    succeeding = sum(not is_failure(one.report) for one in status.observations)
    return len(status.observations) == wanted and (
        (succeeding / wanted > HEALTHY_SHARE) == (status.share > HEALTHY_SHARE)
    )


def latest_failure(status: HealthStatus) -> str:
    """What GetHealthCheckStatus shows of the checker that failed last; "" where no checker's latest look failed."""
    failing = [one for one in status.observations if is_failure(one.report)]
    return max(failing, key=lambda one: one.checked_at).report if failing else ""


def count_types(store: ResourceStore) -> dict[str, int]:
    """How many resources of each type exist."""
    counts: dict[str, int] = {}
    for resource in store.all():
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
