"""What the page shows, made of the sandbox's status, the requests that the page sent, and a drill's journal. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from outlast.page.measured import Measured

MINUTE = 60.0
BUCKETS = 60
"""How many bars the timeline has; each is one second of the minute that it shows."""


@dataclass(frozen=True)
class Asked:
    """One request of a client of the page: when (monotonic), of which kind, who answered, in how many ms."""

    at: float
    kind: str
    site: str
    ms: float
    mistake: str = ""


@dataclass(frozen=True)
class Zone:
    """What the zone's name server answered, and when (monotonic)."""

    at: float
    origin: str
    ttl_seconds: float


@dataclass(frozen=True)
class Fixed:
    """What does not change while the page is open: USD an hour by site, and a model's digest by site."""

    usd_per_hour: Mapping[str, float]
    digests: Mapping[str, str]


def show(
    status: Mapping[str, Any],
    asked: Sequence[Asked],
    zone: Zone | None,
    fixed: Fixed,
    measured: Mapping[str, Measured],
    truths: Mapping[str, str],
    drill: Mapping[str, Any] | None,
    now: float,
) -> dict[str, Any]:
    """Everything that is on the page, as data; `now` is of the clock that `asked` was timed by."""
    minute = [one for one in asked if 0.0 <= now - one.at < MINUTE]
    return {
        "host": status["host"],
        "read_only": False,
        "may_predict": True,
        "speed": status["speed"],
        "model": status["model"]["name"],
        "sites": [
            _show_site(status, place, minute, fixed, measured.get(place["site"], Measured()))
            | {"live": truths.get(place["site"], "no truth came back yet")}
            for place in _places(status)
        ],
        "zone": show_zone(zone, status["speed"], now),
        "timeline": _bars(minute, now),
        "clients": _clients(minute),
        "alarms": [
            {"name": one["name"], "about": one["about"], "site": one["site"]}
            for one in status.get("alarms", ())
            if one["state"] == "ALARM"
        ],
        "faults": [f"{one['site'] or 'Route 53'}: {one['does']}" for one in status["faults"]],
        "drill": drill,
    }


def _places(status: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The sites that DNS has, then those that run already and are not in it yet, as while all is brought up."""
    known = {weight["site"] for weight in status["weights"]}
    coming = [w["stack"] for w in status["workloads"] if w["stack"] not in known]
    absent = {"chosen": "not in DNS yet", "health_check": ""}
    return [*status["weights"], *({**absent, "site": site} for site in sorted(set(coming)))]


def _show_site(
    status: Mapping[str, Any], weight: Mapping[str, Any], minute: Sequence[Asked], fixed: Fixed, measured: Measured
) -> dict[str, Any]:
    site = weight["site"]
    check = next((c for c in status["health_checks"] if c["id"] == weight["health_check"]), None)
    workloads = [w for w in status["workloads"] if w["stack"] == site]
    times = sorted(one.ms for one in minute if one.site == site and not one.mistake)
    return {
        "name": site,
        "health": "no check" if check is None else "healthy" if check["healthy"] else "unhealthy",
        "failure": check["failure"] if check else "",
        "regions": check["regions"] if check else {},
        "weight": weight["chosen"],
        "ready": sum(replica["ready"] for w in workloads for replica in w["replicas"]),
        "wanted": sum(w["wanted"] for w in workloads),
        "min": sum(w["min"] for w in workloads),
        "max": sum(w["max"] for w in workloads),
        "version": ", ".join(w["revision"] for w in workloads),
        "digest": fixed.digests.get(site, ""),
        "share": round(len(times) / max(1, sum(not one.mistake for one in minute)), 3),
        "p50_ms": percentile(times, 0.5),
        "p95_ms": percentile(times, 0.95),
        "cpu_percent": _cpu(status, site),
        "memory_mb": measured.memory_mb,
        "drift": measured.drift_state,
        "usd_per_hour": fixed.usd_per_hour.get(site),
    }


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The value that this share of the ordered ones does not exceed; None of none."""
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) if ordered else None


def _cpu(status: Mapping[str, Any], site: str) -> float | None:
    """What the site's alarm for busy replicas measures; None where its cloud has not measured yet, or has no alarm."""
    values = [a["value"] for a in status.get("alarms", ()) if a["site"] == site and a["name"].endswith("-busy")]
    return round(values[0], 1) if values and values[0] is not None else None


def show_zone(zone: Zone | None, speed: float, now: float) -> dict[str, Any] | None:
    """The answer, and what is left of its TTL as a resolver that took it would keep it (simulated seconds)."""
    if zone is None:
        return None
    left = max(0.0, zone.ttl_seconds - (now - zone.at) * speed)
    return {"origin": zone.origin, "ttl_seconds": zone.ttl_seconds, "left_seconds": round(left)}


def _bars(minute: Sequence[Asked], now: float) -> list[dict[str, int]]:
    """Answers of each second by site, the oldest first; what failed is counted under "failed"."""
    bars = [Counter[str]() for _ in range(BUCKETS)]
    for one in minute:
        bars[BUCKETS - 1 - int(now - one.at)]["failed" if one.mistake else one.site] += 1
    return [dict(bar) for bar in bars]


def _clients(minute: Sequence[Asked]) -> list[dict[str, Any]]:
    """Each kind's last answer, and how many of its requests of the minute failed."""
    last = {one.kind: one for one in minute}
    failed = Counter(one.kind for one in minute if one.mistake)
    return [{**asdict(one), "at": None, "failed": failed[kind]} for kind, one in sorted(last.items())]


def show_drill(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """A drill by its journal: step, what is predicted, how long ago traffic was sent away; None of no plan.

    Nor is one told whose plan has no band: the journal of a drill that a release from before there were any left.
    """
    plan = next((entry["plan"] for entry in entries if entry["kind"] == "init"), None)
    if plan is None or not plan.get("failover_band"):
        return None
    steps = {entry["name"]: entry["at"] for entry in entries if entry["kind"] == "step"}
    last = entries[-1]["at"]
    moving = steps.get("restore", last) - steps["fail"] if "fail" in steps else 0.0
    low, high = plan["failover_band"]
    return {
        "site": plan["lose"],
        "step": next(reversed(steps), "init"),
        "predicted_seconds": [round(low), round(high)],
        "moving_seconds": round(moving * plan["speed"]),
        "elapsed_seconds": round(last * plan["speed"]),
    }
