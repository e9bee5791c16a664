"""What the page shows of real accounts: how the host stands, and what its sites count of themselves. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from failover.drill.fleet import TAG_DIGEST
from failover.oncall.alarms import Alarm
from failover.oncall.notes import Note
from failover.oncall.standing import HostStanding, SiteStanding
from outlast.cloud_metrics.figures import Reading
from outlast.page.cloud_view import describe_figures, list_unread, name_source, rate_of
from outlast.page.measured import Measured
from outlast.page.view import BUCKETS, Zone, show_zone

Bar = Mapping[str, float]


@dataclass(frozen=True)
class Known:
    """What does not come from the accounts: the stack files' prices, replicas and clouds, and what may be done."""

    model: str
    may_predict: bool
    speed: int = 1
    usd_per_hour: Mapping[str, float] = field(default_factory=dict)
    declared: Mapping[str, int | None] = field(default_factory=dict)
    clouds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Looked:
    """What was measured of one site: by its replicas, and by its cloud."""

    measured: Measured
    reading: Reading

    @property
    def rate(self) -> tuple[float, float]:
        """Requests a second, and those of them that failed."""
        return rate_of(self.measured, self.reading)


def show_account(
    standing: HostStanding,
    known: Known,
    measured: Mapping[str, Measured],
    readings: Mapping[str, Reading],
    zone: Zone | None,
    bars: Sequence[Bar],
    troubles: Sequence[Mapping[str, str]],
    drill: Mapping[str, Any] | None,
    now: float,
) -> dict[str, Any]:
    """Everything that is on the page, as of the sandbox; what only the sandbox knows is None or empty."""
    looked = pair(measured, readings, [site.name for site in standing.sites])
    total = sum(one.rate[0] for one in looked.values())
    return {
        "host": standing.host,
        "read_only": True,
        "may_predict": known.may_predict,
        "speed": known.speed,
        "model": known.model,
        "sites": [_show_site(standing, site, known, looked[site.name], total) for site in standing.sites],
        "zone": show_zone(zone, known.speed, now),
        "timeline": [*([{}] * (BUCKETS - len(bars))), *bars],
        "clients": [],
        "alarms": list(troubles),
        "unread": list_unread(readings, known.clouds),
        "faults": [],
        "drill": drill,
    }


def pair(measured: Mapping[str, Measured], readings: Mapping[str, Reading], sites: Iterable[str]) -> dict[str, Looked]:
    """Both kinds of figures of each site."""
    return {site: Looked(measured.get(site, Measured()), readings.get(site, Reading())) for site in sites}


def _show_site(
    standing: HostStanding, site: SiteStanding, known: Known, looked: Looked, total: float
) -> dict[str, Any]:
    measured, figures, cloud = looked.measured, looked.reading.figures, known.clouds.get(site.name, "")
    endpoint, least = site.endpoint, known.declared.get(site.name)
    view = endpoint.view if endpoint else None
    tags = endpoint.tags if endpoint else {}
    return {
        "name": site.name,
        "health": _health(site),
        "failure": site.look.problem or (view.failure if view else ""),
        "regions": dict(view.regions) if view else {},
        "weight": f"{standing.shares()[site.name]:.0%} of DNS now",
        "ready": measured.replicas or None,
        "wanted": least,
        "min": least,
        "max": None,
        "version": measured.version and f"{known.model} {measured.version}",
        "digest": ", ".join(site.look.digests) or measured.digest or tags.get(TAG_DIGEST, ""),
        "share": round(looked.rate[0] / total, 3) if total else 0.0,
        "counted_by": name_source(measured, looked.reading, cloud),
        "cloud": describe_figures(looked.reading, cloud) if cloud else None,
        "p50_ms": measured.p50_ms,
        "p95_ms": measured.p95_ms,
        "cpu_percent": measured.cpu_percent if measured.replicas else figures and figures.cpu_percent,
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


def bar_of(looked: Mapping[str, Looked]) -> dict[str, float]:
    """A second of the timeline: what each site answers in one, and what of it failed."""
    rates = {name: one.rate for name, one in looked.items()}
    bar = {name: max(0.0, every - failed) for name, (every, failed) in rates.items()}
    bar["failed"] = sum(failed for _, failed in rates.values())
    return {name: round(number, 2) for name, number in bar.items() if number}


def list_troubles(notes: Sequence[Note], alarms: Sequence[Alarm], why_not: Mapping[str, str]) -> list[dict[str, str]]:
    """What somebody on call has to know, then what only a client sees, then what could not be measured."""
    return [
        *({"name": n.rule, "site": n.place, "about": f"{n.place}: {n.what} ({n.hint})"} for n in notes),
        *({"name": alarm.rule, "site": alarm.site, "about": f"{alarm.site}: {alarm.what}"} for alarm in alarms),
        *({"name": "no metrics", "site": site, "about": f"{site} {why}"} for site, why in why_not.items()),
    ]
