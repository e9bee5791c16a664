"""The program of a site's stack: settings and zone in, one cloud asked, the site out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import pulumi

from infra import plan
from infra.alerts import NOBODY
from infra.applied import apply
from infra.contract import Cloud, SiteSpec, site_output

T = TypeVar("T")


def after(value: pulumi.Input[T], *resources: pulumi.CustomResource) -> pulumi.Output[T]:
    """`value`, known only once all of these are made.

    A site must not be exported while its load balancer or its service failed to come up: `traffic` would send clients
    there until the new health check has found out.
    """
    known: pulumi.Output[list[Any]] = pulumi.Output.all(value, *(resource.id for resource in resources))
    first: pulumi.Output[T] = apply(known, lambda values: values[0])
    return first


def held(spec: SiteSpec, opts: pulumi.ResourceOptions | None = None) -> pulumi.ResourceOptions:
    """The options of a resource that holds data or a name: with `outlast:protect` the engine keeps it as it is."""
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=spec.protect))


def group_hosts(spec: SiteSpec) -> dict[str, pulumi.Output[str]]:
    """Geography -> the name of its group, for those that the site answers for."""
    return {name: pulumi.Output.concat(f"{name}.", spec.host) for name in spec.geographies}


def deploy_site(cloud: Cloud, spec: SiteSpec) -> dict[str, Any]:
    """Deploy `spec` on `cloud`; export the site, and beside it what of `spec` the cloud does not give."""
    if not spec.alert_email:
        pulumi.log.info(NOBODY)
    site = replace(cloud.deploy(spec), fault_flag=plan.fault_flag(spec.environment), geographies=list(spec.geographies))
    return {"site": site_output(site), "unsupported": dict(cloud.unsupported(spec))}
