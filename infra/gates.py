"""What a site's records follow: the check of its endpoint, and where it has a drain switch both of them at once.

Every health check is made from what it is described as (HealthCheckConfig), which is what the linter judges.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.switch import FlagStore, describe_gate, describe_switch

Checks = Mapping[str, aws.route53.HealthCheck]
"""Site -> its health check."""


def add_gates(endpoints: Checks, stores: Mapping[str, FlagStore]) -> dict[str, aws.route53.HealthCheck]:
    """Site -> the check that its records follow: of a site without a switch that of its endpoint.

    A drill, or somebody on call, switches the endpoint's check; a switch is thrown without Route 53's API.
    """
    return {
        site: _gate(site, check, _switch(site, stores[site])) if site in stores else check
        for site, check in endpoints.items()
    }


def make_check(
    name: str, config: Mapping[str, Any], tags: Mapping[str, str], opts: pulumi.ResourceOptions | None = None
) -> aws.route53.HealthCheck:
    """The health check that `config` describes."""
    return aws.route53.HealthCheck(
        name,
        type=config["Type"],
        # With an address the checker goes there and only says the name; the public host itself may never be resolved
        # by a checker, for it answers with any site (Route 53 API, HealthCheckConfig).
        ip_address=config.get("IPAddress"),
        fqdn=config.get("FullyQualifiedDomainName"),
        port=config.get("Port"),
        enable_sni=config.get("EnableSNI"),
        resource_path=config.get("ResourcePath"),
        search_string=config.get("SearchString"),
        request_interval=config.get("RequestInterval"),
        failure_threshold=config.get("FailureThreshold"),
        regions=config.get("Regions"),
        invert_healthcheck=config.get("Inverted"),
        child_healthchecks=config.get("ChildHealthChecks"),
        child_health_threshold=config.get("HealthThreshold"),
        tags=tags,
        opts=opts,
    )


def _switch(site: str, store: FlagStore) -> aws.route53.HealthCheck:
    tags = {"Name": f"drain switch of {site}", "outlast:switch-of": site, "outlast:switch-cloud": store.cloud}
    return make_check(f"{site}-switch", describe_switch(site, store), tags)


def _gate(site: str, endpoint: aws.route53.HealthCheck, switch: aws.route53.HealthCheck) -> aws.route53.HealthCheck:
    tags = {"Name": f"{site}: healthy and not drained", "outlast:gate-of": site}
    return make_check(f"{site}-gate", describe_gate([endpoint.id, switch.id]), tags)
