"""What a site's records follow: the check of its endpoint, and where it has a drain switch both of them at once."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from infra.switch import FlagStore, describe_switch

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


def _switch(site: str, store: FlagStore) -> aws.route53.HealthCheck:
    config = describe_switch(site, store)
    return aws.route53.HealthCheck(
        f"{site}-switch",
        type=config["Type"],
        fqdn=config["FullyQualifiedDomainName"],
        port=config["Port"],
        enable_sni=config["EnableSNI"],
        resource_path=config["ResourcePath"],
        request_interval=config["RequestInterval"],
        failure_threshold=config["FailureThreshold"],
        regions=config["Regions"],
        invert_healthcheck=config["Inverted"],
        tags={"Name": f"drain switch of {site}", "outlast:switch-of": site, "outlast:switch-cloud": store.cloud},
    )


def _gate(site: str, endpoint: aws.route53.HealthCheck, switch: aws.route53.HealthCheck) -> aws.route53.HealthCheck:
    children: list[pulumi.Output[str]] = [endpoint.id, switch.id]
    return aws.route53.HealthCheck(
        f"{site}-gate",
        type="CALCULATED",
        child_healthchecks=children,
        child_health_threshold=len(children),
        tags={"Name": f"{site}: healthy and not drained", "outlast:gate-of": site},
    )
