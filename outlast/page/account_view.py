"""What the page shows of real accounts: how the host stands, and what its sites count of themselves. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from failover.drill.fleet import TAG_DIGEST
from failover.oncall.alarms import Alarm
from failover.oncall.notes import Note
from failover.oncall.standing import HostStanding, SiteStanding
from outlast.page.measured import Measured
from outlast.page.view import BUCKETS, Zone, show_zone

Bar = Mapping[str, float]


@dataclass(frozen=True)
class Known:
    """What does not come from the accounts: the stack files' prices and replicas, and what may be done."""

    model: str
    may_predict: bool
    speed: int = 1
    usd_per_hour: Mapping[str, float] = field(default_factory=dict)
    declared: Mapping[str, int | None] = field(default_factory=dict)


def show_account(
    standing: HostStanding,
    known: Known,
    measured: Mapping[str, Measured],
    zone: Zone | None,
    bars: Sequence[Bar],
    troubles: Sequence[Mapping[str, str]],
    drill: Mapping[str, Any] | None,
    now: float,
) -> dict[str, Any]:
    """Everything that is on the page, as of the sandbox; what only the sandbox knows is None or empty."""
    rates = {name: one.per_second for name, one in measured.items()}
    return {
        "host": standing.host,
        "read_only": True,
        "may_predict": known.may_predict,
        "speed": known.speed,
        "model": known.model,
        "sites": [
            _show_site(standing, site, known, measured.get(site.name, Measured()), sum(rates.values()))
            for site in standing.sites
        ],
        "zone": show_zone(zone, known.speed, now),
        "timeline": [*([{}] * (BUCKETS - len(bars))), *bars],
        "clients": [],
        "alarms": list(troubles),
        "faults": [],
        "drill": drill,
    }


def _show_site(
    standing: HostStanding, site: SiteStanding, known: Known, measured: Measured, total: float
) -> dict[str, Any]:
    endpoint, least = site.endpoint, known.declared.get(site.name)
    view = endpoint.view if endpoint else None
    tags = endpoint.tags if endpoint else {}
    return {
        "name": site.name,
        "health": _health(site),
        "failure": site.look.problem or (view.failure if view else ""),
        "regions": dict(view.regions) if view else {},
        "weight": f"{standing.shares()[site.name]:.0%} of DNS now",
        "ready": measured.replicas,
        "wanted": least,
        "min": least,
        "max": None,
        "version": measured.version and f"{known.model} {measured.version}",
        "digest": ", ".join(site.look.digests) or measured.digest or tags.get(TAG_DIGEST, ""),
        "share": round(measured.per_second / total, 3) if total else 0.0,
        "p50_ms": measured.p50_ms,
        "p95_ms": measured.p95_ms,
        "cpu_percent": measured.cpu_percent,
        "memory_mb": measured.memory_mb,
        "drift": measured.drift_state,
        "live": None,
        "usd_per_hour": known.usd_per_hour.get(site.name),
    }


def _health(site: SiteStanding) -> str:
    if site.check is None:
        return "no check"
    outage = site.find_outage()
    if outage:
        return "out, by a drill" if outage.by_drill else "drained"
    return "healthy" if site.is_healthy else "unhealthy"


def bar_of(measured: Mapping[str, Measured]) -> dict[str, float]:
    """A second of the timeline: what each site answers in one, and what of it failed."""
    bar = {name: max(0.0, one.per_second - one.failed_per_second) for name, one in measured.items()}
    bar["failed"] = sum(one.failed_per_second for one in measured.values())
    return {name: round(number, 2) for name, number in bar.items() if number}


def list_troubles(notes: Sequence[Note], alarms: Sequence[Alarm], why_not: Mapping[str, str]) -> list[dict[str, str]]:
    """What somebody on call has to know, then what only a client sees, then what could not be measured."""
    return [
        *({"name": n.rule, "site": n.place, "about": f"{n.place}: {n.what} ({n.hint})"} for n in notes),
        *({"name": alarm.rule, "site": alarm.site, "about": f"{alarm.site}: {alarm.what}"} for alarm in alarms),
        *({"name": "no metrics", "site": site, "about": f"{site} {why}"} for site, why in why_not.items()),
    ]
