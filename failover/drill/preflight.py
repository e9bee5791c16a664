"""Looking at every site at once, by Route 53 and by HTTPS: the facts that guards judge. Changes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from failover.dial import Dial
from failover.drill.clients import Authority
from failover.drill.context import DrillContext
from failover.drill.discover import read_checks, read_view
from failover.drill.facts import Facts
from failover.drill.fleet import FleetSite
from failover.drill.plan import DrillPlan
from failover.drill.probes import probe_site
from failover.drill.route53 import translate_errors
from service.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client


def preflight(context: DrillContext, plan: DrillPlan, *, own_drill: str = "") -> Facts:
    """Look at all sites of the plan now: health checks and their tags, checkers' views, pinned probes, the DNS TTL."""
    with translate_errors(f"read the health checks of {plan.host}"):
        checks = read_checks(context.route53, [site.check_id for site in plan.sites])
    sites = tuple(FleetSite(site.name, site.origin_host, site.weight, checks[site.check_id]) for site in plan.sites)
    with ThreadPoolExecutor(max_workers=len(sites)) as pool:
        probes = pool.map(
            lambda site: probe_site(
                context.dial,
                plan.host,
                site.name,
                site.origin_host,
                golden=context.golden,
                headers=context.headers,
                deadline_seconds=context.dial.deadline_seconds,
            ),
            sites,
        )
        views = {site.name: read_view(context.route53, site.check) for site in sites}
        found = {probe.site: probe for probe in probes}
    _, ttl_seconds = context.authorities[0].ask(plan.host, context.dial.deadline_seconds)
    return Facts(plan, sites, views, found, ttl_seconds, context.clock.utc(), own_drill)


def find_authorities(route53: Route53Client, dial: Dial, zone_id: str) -> tuple[Authority, ...]:
    """The name servers to ask without a cache between: the one that the environment names, or all of the zone's."""
    if dial.nameserver:
        return (Authority("1", dial),)
    with translate_errors(f"read the name servers of zone {zone_id}"):
        servers = route53.get_hosted_zone(Id=zone_id).get("DelegationSet", {}).get("NameServers", [])
    authorities = []
    for n, server in enumerate(servers, start=1):
        addresses = dial.resolve(server).addresses
        if addresses:
            authorities.append(Authority(str(n), replace(dial, nameserver=addresses[0])))
    if not authorities:
        raise Unavailable(
            f"none of the zone's name servers has an address: {', '.join(servers) or 'it lists none'}",
            hint="check this machine's resolver, or name a server in OUTLAST_NAMESERVER",
        )
    return tuple(authorities)
