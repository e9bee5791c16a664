"""What an account has before anything is deployed, as the clouds' own APIs say it to whoever looks beforehand.

Subscriptions, namespaces and quotas of Azure; projects, APIs and quotas of Google Cloud; Service Quotas. It is only
read, and follows what `stacks/accounts.<set>.yaml` declares.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sandbox.clouds.accounts import BOOTSTRAP_APIS, project_number
from sandbox.clouds.azure.common import location_of, subscription_of
from sandbox.clouds.azure.environments import ENVIRONMENT
from sandbox.clouds.gcp.common import API, is_enabled, project_of
from sandbox.clouds.quotas import QUOTAS
from sandbox.clouds.store import CloudRefused
from sandbox.clouds.world import World

Document = dict[str, Any]
TARGET = "ServiceQuotasV20190624."
# docs.aws.amazon.com/general/latest/gr/vpc-service.html, elb.html, ecs-service.html: what every account begins with.
_DEFAULTS = {"L-F678F1CE": 5.0, "L-53DA6B97": 50.0, "L-3032A538": 6.0}
# Container Apps quotas, and those of Compute Engine's load balancers: what is shown where nobody declared a limit.
_ENVIRONMENTS, _GLOBAL = 15.0, 8.0


def answer(world: World, path: str) -> Document | None:
    """The document of a GET; None where the path is none of these. Raises CloudRefused in the API's own words."""
    for pattern, read in _ROUTES:
        if found := re.fullmatch(pattern, path):
            return read(world, *found.groups())
    return None


def answer_quota(world: World, operation: str, asked: Document) -> Document:
    """One operation of Service Quotas. Raises CloudRefused with its own code."""
    code, declared = str(asked.get("QuotaCode")), world.accounts.limits.get(world.accounts.aws, {})
    known = {"GetServiceQuota": declared, "GetAWSDefaultServiceQuota": _DEFAULTS}.get(operation)
    if known is None:
        raise CloudRefused(f"UnknownOperationException: the sandbox has no {operation}")
    if code not in known:
        raise CloudRefused("NoSuchResourceException: The request failed because the specified quota does not exist.")
    quota = {"ServiceCode": asked.get("ServiceCode"), "QuotaCode": code, "Value": float(known[code]), "Unit": "None"}
    return {"Quota": quota}


# -- Azure ---------------------------------------------------------------------------------------------------------


def _subscription(world: World, subscription: str) -> Document:
    if subscription not in world.accounts.subscriptions:
        raise CloudRefused(f"SubscriptionNotFound: The subscription '{subscription}' could not be found.")
    return {"subscriptionId": subscription, "displayName": f"sandbox {subscription[:8]}", "state": "Enabled"}


def _namespace(world: World, subscription: str, namespace: str) -> Document:
    _subscription(world, subscription)
    return {"namespace": namespace, "registrationState": "Registered"}


def _environments(world: World, subscription: str, region: str) -> Document:
    _subscription(world, subscription)
    limit = world.accounts.limits.get(subscription, {}).get("ManagedEnvironmentCount", _ENVIRONMENTS)
    there = world.store.all(ENVIRONMENT)
    used = sum(subscription_of(one) == subscription and location_of(one) == region for one in there)
    name = {"value": "ManagedEnvironmentCount"}
    return {"value": [{"name": name, "unit": "Count", "currentValue": used, "limit": limit}]}


# -- Google Cloud --------------------------------------------------------------------------------------------------


def _project(world: World, project: str) -> Document:
    _needs_project(world, project)
    _needs(world, project, BOOTSTRAP_APIS[0])
    number = project_number(project)
    return {"name": f"projects/{number}", "projectId": project, "state": "ACTIVE"}


def _services(world: World, project: str) -> Document:
    _needs_project(world, project)
    made = {str(r.inputs["service"]) for r in world.store.all(API) if project_of(r) == project}
    on = sorted(name for name in {*world.accounts.apis_of(project), *made} if is_enabled(world, project, name))
    return {"services": [{"name": f"projects/{project}/services/{name}", "state": "ENABLED"} for name in on]}


def _quotas(world: World, project: str) -> Document:
    _needs_project(world, project)
    _needs(world, project, "compute.googleapis.com")
    limits, rows = world.accounts.limits.get(project, {}), []
    for quota in (one for one in QUOTAS if one.cloud == "gcp" and one.region is None):
        used = sum(project_of(one) == project for one in world.store.all(quota.type))
        rows.append({"metric": quota.name, "limit": limits.get(quota.name, _GLOBAL), "usage": float(used)})
    return {"name": project, "quotas": rows}


def _needs_project(world: World, project: str) -> None:
    if project not in world.accounts.projects:
        raise CloudRefused(f"NOT_FOUND: The project {project} does not exist, or you lack permission to see it.")


def _needs(world: World, project: str, api: str) -> None:
    if not is_enabled(world, project, api):
        what = f"{api} has not been used in project {project_number(project)} before or it is disabled."
        raise CloudRefused(f"PERMISSION_DENIED: {what}")


_GUID = r"([0-9a-f-]{36})"
_ROUTES: tuple[tuple[str, Callable[..., Document]], ...] = (
    (rf"/subscriptions/{_GUID}", _subscription),
    (rf"/subscriptions/{_GUID}/providers/([A-Za-z.]+)", _namespace),
    (rf"/subscriptions/{_GUID}/providers/Microsoft\.App/locations/([a-z0-9]+)/usages", _environments),
    (r"/cloudresourcemanager\.googleapis\.com/v3/projects/([a-z0-9-]+)", _project),
    (r"/serviceusage\.googleapis\.com/v1/projects/([a-z0-9-]+)/services", _services),
    (r"/compute\.googleapis\.com/compute/v1/projects/([a-z0-9-]+)", _quotas),
)
