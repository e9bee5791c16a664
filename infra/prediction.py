"""What a routing plan is worth before it is made: the mistakes in it, and how long a lost site would be felt. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from failover.routing.answers import RecordSet, Zone
from failover.routing.lint_rules import LintFinding
from failover.routing.lint_sites import Promises, SiteFacts, lint_sites
from failover.routing.lint_zone import lint_zone, list_reached
from failover.routing.predict import Check, Fault, Prediction, predict_failover
from infra.contract import KnownSite
from infra.health_check import describe_check
from infra.routing import Member, plan_records
from infra.settings.kinds import TrafficSettings
from infra.switch import FlagStore, describe_gate, describe_switch

FAULTS: tuple[Fault, ...] = ("refused", "blackhole")
"""How a site may be lost: its load balancer refuses at once, or packets to it vanish."""


def lint_plan(
    settings: TrafficSettings,
    host: str,
    sites: Mapping[str, KnownSite],
    weights: Mapping[str, int],
    stores: Mapping[str, FlagStore] = MappingProxyType({}),
) -> tuple[LintFinding, ...]:
    """Every finding about the records that follow from `weights`; a site's name stands for its check's id."""
    records = plan_host(settings, host, sites, weights)
    checks = _describe_checks(settings, sites, stores)
    allowed = {location: one.allowed for one in settings.policy.geographies for location in one.locations}
    zone, goal = Zone(host.partition(".")[2], records), settings.rto_seconds
    findings = lint_zone(zone, host, checks, allowed=allowed, goal_seconds=goal)
    promises = replace(_promises(settings), reached=list_reached(zone, host))
    return (*findings, *lint_sites([_facts(sites[name], stores.get(name)) for name in weights], promises))


def _describe_checks(
    settings: TrafficSettings, sites: Mapping[str, KnownSite], stores: Mapping[str, FlagStore]
) -> dict[str, dict[str, Any]]:
    """By id: of a site with a switch the gate has the site's name, for that is what its records follow."""
    checks: dict[str, dict[str, Any]] = {}
    for name, site in sites.items():
        endpoint = describe_check(settings, site)
        if name not in stores:
            checks[name] = endpoint
            continue
        children = [f"{name}-endpoint", f"{name}-switch"]
        checks |= {name: describe_gate(children), children[0]: endpoint}
        checks[children[1]] = describe_switch(name, stores[name])
    return checks


def _facts(site: KnownSite, store: FlagStore | None) -> SiteFacts:
    return SiteFacts(
        site.name,
        cloud=site.cloud,
        region=site.region,
        model_digest=site.model_digest,
        capacity_rps=float(site.capacity_rps),
        switch_cloud=store.cloud if store else "",
    )


def _promises(settings: TrafficSettings) -> Promises:
    """A site that answers for several geographies has to be where each of them allows it to be."""
    regions: dict[str, Sequence[str]] = {}
    for geography in settings.policy.geographies:
        for site in geography.allowed if geography.regions else ():
            regions[site] = [one for one in geography.regions if one in regions.get(site, geography.regions)]
    return Promises(peak_rps=settings.peak_rps, regions=regions)


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
