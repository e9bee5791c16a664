"""What a routing plan is worth before it is made: the mistakes in it, and how long a lost site would be felt. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from failover.routing.answers import RecordSet, Zone
from failover.routing.lint_rules import LintFinding
from failover.routing.lint_sites import Promises, SiteFacts, lint_sites
from failover.routing.lint_zone import lint_zone
from failover.routing.predict import Check, Fault, Prediction, predict_failover
from infra.contract import KnownSite
from infra.health_check import describe_check
from infra.kinds import TrafficSettings
from infra.routing import Member, plan_records

FAULTS: tuple[Fault, ...] = ("refused", "blackhole")
"""How a site may be lost: its load balancer refuses at once, or packets to it vanish."""


def lint_plan(
    settings: TrafficSettings, host: str, sites: Mapping[str, KnownSite], weights: Mapping[str, int]
) -> tuple[LintFinding, ...]:
    """Every finding about the records that follow from `weights`; a site's name stands for its check's id."""
    records = plan_host(settings, host, sites, weights)
    checks = {name: describe_check(settings, site) for name, site in sites.items()}
    allowed = {location: one.allowed for one in settings.policy.geographies for location in one.locations}
    findings = lint_zone(Zone(host.partition(".")[2], records), host, checks, allowed=allowed)
    return (*findings, *lint_sites([_facts(sites[name]) for name in weights], _promises(settings)))


def _facts(site: KnownSite) -> SiteFacts:
    return SiteFacts(
        site.name,
        cloud=site.cloud,
        region=site.region,
        model_digest=site.model_digest,
        capacity_rps=float(site.capacity_rps),
    )


def _promises(settings: TrafficSettings) -> Promises:
    """A site that answers for several geographies has to be where each of them allows it to be."""
    regions: dict[str, Sequence[str]] = {}
    for geography in settings.policy.geographies:
        for site in geography.allowed if geography.regions else ():
            regions[site] = [one for one in geography.regions if one in regions.get(site, geography.regions)]
    return Promises(regions=regions)


def plan_host(
    settings: TrafficSettings, host: str, sites: Mapping[str, KnownSite], weights: Mapping[str, int]
) -> tuple[RecordSet, ...]:
    """The records of the public host; a site's name stands for its check's id."""
    members = [Member(name, sites[name].origin_host, weight, name) for name, weight in weights.items()]
    return plan_records(settings.policy, host, members, settings.ttl_seconds)


def predict_loss(settings: TrafficSettings) -> dict[str, dict[str, float]]:
    """Fault -> seconds from the loss of a site to the last client's first good answer: best, typical, worst.

    For clients that honour the TTL; docs/concepts/recovery-time.md says what the terms are.
    """
    check = Check(interval_seconds=settings.interval_seconds, failure_threshold=settings.failure_threshold)
    return {fault: _round(predict_failover(check, ttl_seconds=settings.ttl_seconds, fault=fault)) for fault in FAULTS}


def _round(prediction: Prediction) -> dict[str, float]:
    return {
        "best_seconds": round(prediction.best_seconds, 1),
        "typical_seconds": round(prediction.typical_seconds, 1),
        "worst_seconds": round(prediction.worst_seconds, 1),
    }
