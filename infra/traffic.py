"""The stack `traffic`: which sites answer for the public host, how often, and what takes one out.

Nothing of a site is made here, and nothing here is made by a site's stack: destroying one must not touch the routing of
the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from failover.routing.answers import Alias, RecordSet
from failover.routing.lint_rules import LintFinding
from failover.routing.places import EVERYWHERE
from infra import plan, traffic_alarms
from infra.alerts import NOBODY
from infra.applied import apply
from infra.contract import KnownSite
from infra.cost.budget import judge_cost
from infra.gates import Checks, add_gates, make_check
from infra.health_check import describe_check
from infra.prediction import lint_plan, plan_host, predict_loss
from infra.promises import say_different_models, say_unknown_capacity, say_unnamed_groups
from infra.routing import SITES_RECORD, name_record
from infra.settings.kinds import TrafficSettings
from infra.stack import read_own, read_site, read_store, read_zone
from infra.switch import FlagStore
from service.errors import Mistake, Refused

ROUTING_VERSION = 1
HTTPS_PORT = 443
LIST_TTL_SECONDS = 300  # which sites there are changes by an update, not by a failure

Sites = Mapping[str, KnownSite | None]
"""Each site that may take traffic; None where its stack has none."""


def program(settings: TrafficSettings) -> dict[str, Any]:
    """Read the zone and the sites, then route: how many records there are depends on which sites exist."""
    judge_cost(settings)
    say_unknown_capacity(settings)
    if not settings.alert_email:
        pulumi.log.info(NOBODY)
    zone = read_zone(settings.zone)
    sites = pulumi.Output.all(**{name: read_site(name) for name in settings.weights})
    before = read_own("routing")
    known: pulumi.Output[list[Any]] = pulumi.Output.all(zone.zone_id, zone.host, sites, _read_stores(settings), before)

    def route(known: list[Any]) -> pulumi.Output[dict[str, Any]]:
        *rest, before = known
        _keep_policy(settings, before)
        return _route(settings, *rest)

    routing: pulumi.Output[dict[str, Any]] = apply(known, route)
    return {"routing": routing}


def _read_stores(settings: TrafficSettings) -> pulumi.Output[Any]:
    """Site -> the store of its switch. `Output.all` makes a list, and no map, of nothing."""
    stores = {site: read_store(stack) for site, stack in settings.drain_switches.items()}
    return pulumi.Output.all(**stores) if stores else pulumi.Output.from_input({})


def _route(
    settings: TrafficSettings, zone_id: str, host: str, sites: Sites, stores: Mapping[str, FlagStore]
) -> pulumi.Output[dict[str, Any]]:
    """Register a health check for each site that exists, and the records of those that may take traffic."""
    routing = plan.plan_routing(_candidates(settings, sites), settings.accepted_models)
    for site, reason in routing.left_out.items():
        pulumi.log.warn(f"{site} takes no traffic: {reason}")
    if not routing.weights:
        raise _nobody_left(settings, routing)
    existing = {name: site for name, site in sites.items() if site}
    say_unnamed_groups(settings.policy.geographies, existing)
    say_different_models(existing, routing.weights, settings.name)
    _judge(settings, lint_plan(settings, host, existing, routing.weights, stores))
    checks = {name: _health_check(settings, host, site) for name, site in existing.items()}
    if settings.alert_email:
        traffic_alarms.build_alarms(settings.name, settings.alert_email, checks)
    planned = plan_host(settings, host, existing, routing.weights)
    _write_records(zone_id, host, planned, add_gates(checks, stores))
    if not settings.policy.geographies:  # a list of every site would lead clients out of their geography
        origins = {existing[name].origin_host: weight for name, weight in routing.weights.items()}
        _list_sites(zone_id, host, origins, in_order=settings.policy.name == "active-passive")
    return pulumi.Output.from_input(
        {
            "version": ROUTING_VERSION,
            "host": host,
            "policy": settings.policy.name,
            "ttl_seconds": settings.ttl_seconds,
            "weights": dict(routing.weights),
            "left_out": dict(routing.left_out),
            "predicted_loss": predict_loss(settings),
            "health_checks": {name: check.id for name, check in checks.items()},
            "drain_switches": {site: store.url(site) for site, store in stores.items()},
        }
    )


def _keep_policy(settings: TrafficSettings, before: Mapping[str, Any] | None) -> None:
    """Raise Refused where the records that are there are chosen in another way.

    Route 53 takes no two policies at one name, and Pulumi changes one record after the other: the first would be
    refused, with some of the stack changed already.
    """
    was = str((before or {}).get("policy") or settings.policy.name)
    if was == settings.policy.name:
        return
    anew = " && ".join(f"pulumi {verb} -s {settings.name} --yes" for verb in ("destroy", "up"))
    raise Refused(
        f"the host's records are {was}, and outlast:routing says {settings.policy.name}: Route 53 takes no record of "
        "another policy beside them, and `up` would fail half-way; nothing was changed",
        hint=f"in a quiet hour, as clients without an answer in their cache get none in between: {anew}",
    )


def _judge(settings: TrafficSettings, findings: Sequence[LintFinding]) -> None:
    """Say what the linter found. Raises Refused for what defeats failover, unless the stack file excuses it."""
    refused = [f for f in findings if f.severity == "error" and f.rule not in settings.exceptions]
    for finding in (f for f in findings if f not in refused):
        excuse = f" ({settings.exceptions[finding.rule]})" if finding.rule in settings.exceptions else ""
        pulumi.log.warn(f"{finding.place}: {finding.what}: {finding.why}{excuse}\nhint: {finding.hint}")
    if refused:
        raise Refused(
            "this routing would not survive the loss of a site",
            [Mistake(f.place, f"{f.what}: {f.why} (rule {f.rule})", f.hint) for f in refused],
            hint="mend it, or excuse the rule in outlast:exceptions of "
            f"stacks/Pulumi.{settings.name}.yaml, with a reason and an end",
        )


def _candidates(settings: TrafficSettings, sites: Sites) -> list[plan.Candidate]:
    digests = {name: site.model_digest if site else None for name, site in sites.items()}
    return [plan.Candidate(name, weight, digests[name]) for name, weight in settings.weights.items()]


def _nobody_left(settings: TrafficSettings, routing: plan.Routing) -> Refused:
    reasons = "; ".join(f"{site}: {reason}" for site, reason in routing.left_out.items())
    return Refused(
        f"no site may take traffic, so the public host would have no answer ({reasons})",
        hint="bring up a site, or put the digest of the model that the sites serve into outlast:acceptedModels "
        f"in stacks/Pulumi.{settings.name}.yaml",
    )


def _health_check(settings: TrafficSettings, host: str, site: KnownSite) -> aws.route53.HealthCheck:
    regions = {"Regions": list(settings.checker_regions)} if settings.checker_regions else {}
    return make_check(
        site.name,
        describe_check(settings, site) | regions,
        tags={
            "Name": site.origin_host,
            "outlast:cloud": site.cloud,
            "outlast:capacity-rps": str(site.capacity_rps),
            "outlast:model-digest": site.model_digest,
            **{f"outlast:{tag}": value for tag, value in plan.drill_tags(site.workload, site.fault_flag).items()},
            **({"outlast:client-kinds": " ".join(settings.client_kinds)} if settings.client_kinds else {}),
        },
        # A drill, or somebody in an emergency, takes a site out by these two. An `up` at that moment must not bring it
        # back, and a `refresh` must not take that state for what is wanted.
        opts=pulumi.ResourceOptions(ignore_changes=["disabled", "invertHealthcheck"]),
    )


def _write_records(zone_id: str, host: str, planned: Sequence[RecordSet], checks: Checks) -> None:
    """Register the records in the order in which they were planned: Route 53 refuses an alias to what is not there."""
    made: dict[str, list[aws.route53.Record]] = {}
    for record in planned:
        below = made.get(record.alias.dns_name, []) if record.alias else []
        check = checks[record.health_check_id] if record.health_check_id else None
        made.setdefault(record.name, []).append(_record(zone_id, host, record, check, below))


def _record(
    zone_id: str,
    host: str,
    record: RecordSet,
    check: aws.route53.HealthCheck | None,
    below: Sequence[aws.route53.Record],
) -> aws.route53.Record:
    return aws.route53.Record(
        name_record(record, host),
        zone_id=zone_id,
        name=record.name,
        type=record.type,
        ttl=None if record.alias else record.ttl_seconds,
        records=None if record.alias else list(record.values),
        aliases=[_alias(zone_id, record.alias)] if record.alias else None,
        set_identifier=record.set_identifier,
        health_check_id=check.id if check else None,
        opts=pulumi.ResourceOptions(depends_on=list(below)),
        **_policy_of(record),
    )


def _list_sites(zone_id: str, host: str, weights: Mapping[str, int], *, in_order: bool = False) -> aws.route53.Record:
    """One SRV record with every site that may take traffic: clients that go to the next one by themselves ask for it.

    A weighted answer names one site; docs/decisions/0006 says why the others stand here. Where sites have an order, it
    is that of their priorities.
    """
    listed = [
        f"{number if in_order else 0} {weight} {HTTPS_PORT} {origin}"
        for number, (origin, weight) in enumerate(weights.items())
    ]
    return aws.route53.Record(
        SITES_RECORD,
        zone_id=zone_id,
        name=plan.sites_host(host),
        type="SRV",
        ttl=LIST_TTL_SECONDS,
        records=listed,
    )


def _alias(zone_id: str, alias: Alias) -> aws.route53.RecordAliasArgs:
    return aws.route53.RecordAliasArgs(
        name=alias.dns_name, zone_id=zone_id, evaluate_target_health=alias.evaluate_target_health
    )


def _policy_of(record: RecordSet) -> dict[str, Any]:
    """The one argument that says how the record is chosen."""
    if record.policy == "failover":
        failover = aws.route53.RecordFailoverRoutingPolicyArgs(type=str(record.failover))
        return {"failover_routing_policies": [failover]}
    if record.policy == "latency":
        return {"latency_routing_policies": [aws.route53.RecordLatencyRoutingPolicyArgs(region=str(record.region))]}
    if record.policy == "geolocation":
        return {"geolocation_routing_policies": [_geolocation(str(record.location))]}
    return {"weighted_routing_policies": [aws.route53.RecordWeightedRoutingPolicyArgs(weight=record.weight or 0)]}


def _geolocation(location: str) -> aws.route53.RecordGeolocationRoutingPolicyArgs:
    if location == EVERYWHERE:
        return aws.route53.RecordGeolocationRoutingPolicyArgs(country=EVERYWHERE)
    kind, code = location.split(" ", 1)
    if kind == "continent":
        return aws.route53.RecordGeolocationRoutingPolicyArgs(continent=code)
    return aws.route53.RecordGeolocationRoutingPolicyArgs(country=code)
