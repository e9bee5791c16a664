"""`outlast status --host` as text and as data. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from failover.oncall.notes import Note
from failover.oncall.standing import HostStanding, SiteStanding

_COLUMNS = ("site", "weight", "by weight", "now", "Route 53", "asked directly")


def render_standing(standing: HostStanding, notes: list[Note]) -> str:
    """One row a site, then what somebody on call has to know."""
    rows = [_COLUMNS, *(_row(standing, site) for site in standing.sites)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(_COLUMNS))]
    lines = [f"{standing.host}: {_headline(standing)}", ""]
    lines += ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, "", *(map(str, notes) if notes else ["nothing to do"])])


def to_document(standing: HostStanding, notes: list[Note]) -> dict[str, Any]:
    """The same for programs."""
    now, weighted = standing.shares(), standing.shares(all_healthy=True)
    return {
        "host": standing.host,
        "ttl_seconds": standing.ttl_seconds,
        "looked_at": standing.now.isoformat(timespec="seconds"),
        "fail_open": standing.nobody_is_healthy,
        "sites": [_site_document(site, now[site.name], weighted[site.name]) for site in standing.sites],
        "notes": [asdict(note) for note in notes],
        "unfinished_journals": list(standing.unfinished),
    }


def _headline(standing: HostStanding) -> str:
    answered = [name for name, share in standing.shares().items() if share]
    said = f"DNS answers with {len(answered)} of {len(standing.sites)} sites ({', '.join(answered)})"
    return f"{said}, TTL {standing.ttl_seconds} s"


def _row(standing: HostStanding, site: SiteStanding) -> tuple[str, ...]:
    now, weighted = standing.shares()[site.name], standing.shares(all_healthy=True)[site.name]
    weight = "" if site.record.weight is None else str(site.record.weight)
    return (site.name, weight, f"{weighted:.0%}", f"{now:.0%}", _health(site), _asked(site))


def _health(site: SiteStanding) -> str:
    if site.check is None:
        return "no check"
    outage = site.find_outage()
    if outage:
        return "out (drill)" if outage.by_drill else "out (drained)" if outage.by else "out (by hand)"
    return "healthy" if site.is_healthy else "unhealthy"


def _asked(site: SiteStanding) -> str:
    look = site.look
    if look.problem:
        return look.problem
    ends = f"{look.certificate_ends:%Y-%m-%d}" if look.certificate_ends else "never"
    return f"right in {look.seconds * 1000:.0f} ms, certificate until {ends}"


def _site_document(site: SiteStanding, share: float, weighted: float) -> dict[str, Any]:
    check, look, outage = site.check, site.look, site.find_outage()
    return {
        "site": site.name,
        "origin_host": site.origin_host,
        "weight": site.record.weight,
        "share": round(share, 6),
        "share_by_weight": round(weighted, 6),
        "healthy": site.is_healthy,
        "health_check": None
        if check is None
        else {"id": check.id, "version": check.version, "disabled": check.disabled, "inverted": check.inverted},
        "out": asdict(outage) if outage else None,
        "drill": site.drill_id or None,
        "asked_directly": {
            "right": not look.problem,
            "problem": look.problem,
            "address": look.address,
            "status": look.status,
            "milliseconds": round(look.seconds * 1000, 1),
            "certificate_ends": look.certificate_ends.isoformat() if look.certificate_ends else None,
            "models": list(look.digests),
        },
    }
