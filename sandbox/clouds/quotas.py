"""Quotas, where somebody said how much of one an account has: what goes beyond is refused, or not placed.

By the names under which the clouds' own tools list them. Without a word about a quota there is enough of everything.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.clouds.aws.common import account_of, region_of
from sandbox.clouds.azure.common import location_of, subscription_of
from sandbox.clouds.gcp.common import place_of, project_of
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import nested
from sandbox.clouds.world import World

FARGATE_CPUS = "L-3032A538"
"""vCPUs of Fargate tasks in a region: an account that lacks them gets its service, and no task."""

_FORM = "https://console.cloud.google.com/iam-admin/quotas"
_AWS_FORM = "aws service-quotas request-service-quota-increase --service-code {} --quota-code {} --desired-value N"


@dataclass(frozen=True)
class Quota:
    """How much of something an account may have; `region` None is everywhere. `words` is what the cloud says."""

    cloud: str
    name: str
    what: str
    type: str
    words: str
    hint: str
    holder: Callable[[Resource], str]
    region: Callable[[Resource], str] | None = None
    usage: Callable[[Resource], float] = lambda resource: 1


def _cpus(service: Resource) -> float:
    """What a Cloud Run service may come to use at most: the CPUs of one instance, times the most instances."""
    limit = str(nested(service.inputs, "template", "containers", 0, "resources", "limits", "cpu") or 1)
    one = float(limit.removesuffix("m")) / (1000 if limit.endswith("m") else 1) if re.match(r"\d", limit) else 1.0
    return one * float(nested(service.inputs, "template", "scaling", "maxInstanceCount") or 100)


def _global(name: str, what: str, type_: str) -> Quota:
    words = f"Error 403: Quota '{name}' exceeded.  Limit: {{limit:.1f}} globally., quotaExceeded"
    return Quota("gcp", name, what, type_, words, f"ask for more: {_FORM}", project_of)


QUOTAS = (
    Quota(
        "aws",
        "L-F678F1CE",
        "VPCs in a region",
        "aws:ec2/vpc:Vpc",
        "VpcLimitExceeded: The maximum number of VPCs has been reached.",
        _AWS_FORM.format("vpc", "L-F678F1CE"),
        account_of,
        region_of,
    ),
    Quota(
        "aws",
        "L-53DA6B97",
        "Application Load Balancers in a region",
        "aws:lb/loadBalancer:LoadBalancer",
        "TooManyLoadBalancers: The maximum number of load balancers has been reached on account '{holder}'",
        _AWS_FORM.format("elasticloadbalancing", "L-53DA6B97"),
        account_of,
        region_of,
    ),
    Quota(
        "azure",
        "ManagedEnvironmentCount",
        "Container Apps environments in a region",
        "azure-native:app:ManagedEnvironment",
        'Code="MaxNumberOfRegionalEnvironmentsInSubExceeded" Message="The subscription \'{holder}\' cannot have more '
        'than {limit:g} Container App Environments in {region}."',
        "ask for more: the quota of Microsoft.App in the portal, or `az quota update`",
        subscription_of,
        location_of,
    ),
    Quota(
        "gcp",
        "CpuAllocPerProjectRegion",
        "CPUs of Cloud Run in a region: those of an instance times `outlast:maxReplicas`",
        "gcp:cloudrunv2/service:Service",
        "Error 403: Quota violated: CpuAllocPerProjectRegion requested: {asked_milli:.0f} allowed: {limit_milli:.0f}",
        f"fewer outlast:maxReplicas, or ask for more: {_FORM}",
        project_of,
        place_of,
        _cpus,
    ),
    _global("STATIC_ADDRESSES", "global addresses of a project", "gcp:compute/globalAddress:GlobalAddress"),
    _global("URL_MAPS", "URL maps of a project: a site has two", "gcp:compute/uRLMap:URLMap"),
    _global("BACKEND_SERVICES", "backend services of a project", "gcp:compute/backendService:BackendService"),
)

NAMES = {
    "aws": (*(quota.name for quota in QUOTAS if quota.cloud == "aws"), FARGATE_CPUS),
    "azure": tuple(quota.name for quota in QUOTAS if quota.cloud == "azure"),
    "google": tuple(quota.name for quota in QUOTAS if quota.cloud == "gcp"),
}
"""By the sections of the file that declares accounts."""


def refuse(world: World, resource: Resource) -> None:
    """Raises CloudRefused where the account would have more of something than it may."""
    for quota in QUOTAS:
        holder = quota.holder(resource) if quota.type == resource.type else ""
        limit = world.accounts.limits.get(holder, {}).get(quota.name)
        if limit is None:
            continue
        region = quota.region(resource) if quota.region else ""
        others = (one for one in world.store.all(quota.type) if not resource.is_same(one))
        there = [one for one in others if quota.holder(one) == holder]
        used = sum(quota.usage(one) for one in there if quota.region is None or quota.region(one) == region)
        asked = used + quota.usage(resource)
        if asked > limit:
            milli = {"asked_milli": asked * 1000, "limit_milli": limit * 1000}
            raise CloudRefused(quota.words.format(holder=holder, limit=limit, region=region, **milli), hint=quota.hint)


def placeable(world: World, service: Resource, wanted: int, cpus: float, before: float) -> int:
    """How many of the wanted tasks of an ECS service Fargate places, where others use `before` vCPUs of the region."""
    limit = world.accounts.limits.get(account_of(service), {}).get(FARGATE_CPUS)
    if limit is None or cpus <= 0:
        return wanted
    return max(0, min(wanted, math.floor((limit - before) / cpus)))
