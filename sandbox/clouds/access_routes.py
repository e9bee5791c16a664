"""Where the requests of each entry point are written down, as the resources say that describe it.

AWS: a load balancer whose `accessLogs` are switched on, and a bucket whose policy lets the delivery service write.
Azure: a diagnostic setting of the environment with the category of its ingress, and a workspace. Google Cloud: Cloud
Run writes its own log always, the load balancer one where its backend service says so. What is missing is told by
nothing but the lines that do not come, as in the real clouds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from infra.settings.log_days import AZURE_REQUESTS
from sandbox.clouds.aws.balancer import BALANCER, DELIVERY, is_log_asked
from sandbox.clouds.aws.common import account_of, region_of
from sandbox.clouds.aws.firewall import rate_rule
from sandbox.clouds.aws.health import LISTENER, group_of
from sandbox.clouds.azure.apps import apps_in
from sandbox.clouds.azure.audit import find_sending
from sandbox.clouds.azure.common import tail as azure_tail
from sandbox.clouds.azure.identity import WORKSPACE
from sandbox.clouds.buckets import S3_BUCKET, lets_service
from sandbox.clouds.gcp import armor, balancer
from sandbox.clouds.gcp.common import place_of, project_of, tail
from sandbox.clouds.gcp.entry_points import service_behind, url_map
from sandbox.clouds.store import Resource
from sandbox.clouds.values import Values, nested
from sandbox.clouds.world import World
from sandbox.network.entry_points import EntryPoint
from service.errors import OutlastError

BALANCER_SECONDS = 300.0
"""A file of an Application Load Balancer is of five minutes: its guide, "Access log files"."""
ANALYTICS_SECONDS = 180.0
"""Until Log Analytics has a row: 20 s to 3 min, learn.microsoft.com/azure/azure-monitor/logs/data-ingestion-time."""
ANALYTICS = "api.loganalytics.azure.com"
_LOGGING = "logging.googleapis.com"


@dataclass(frozen=True)
class AccessRoute:
    """From one entry point to a store.

    `folder` is where in the store, among the sandbox's objects; requests are gathered for `seconds` of simulated time.
    `names` are those of the resources that a line of that cloud names.
    """

    entry: str
    cloud: str
    folder: str
    seconds: float
    names: Mapping[str, str]


def list_access_routes(world: World) -> list[AccessRoute]:
    """Every route that is complete."""
    return [*_on_aws(world), *_on_azure(world), *_on_google(world)]


def mark_logged(entries: Iterable[EntryPoint], routes: Iterable[AccessRoute]) -> list[EntryPoint]:
    """The entry points, those whose requests somebody writes down marked."""
    logged = {route.entry for route in routes}
    return [replace(entry, logged=entry.key in logged) for entry in entries]


def _on_aws(world: World) -> Iterator[AccessRoute]:
    for listener in world.store.all(LISTENER):
        found = world.store.follow(listener, "loadBalancerArn", BALANCER)
        bucket = world.store.get(S3_BUCKET, _bucket_of(found)) if found else None
        if found is None or bucket is None or not lets_service(world, bucket.id, DELIVERY, "s3:PutObject"):
            continue
        prefix = str(nested(found.inputs, "accessLogs", "prefix") or "")
        root = f"{bucket.id}/{prefix}/" if prefix else f"{bucket.id}/"
        folder = f"{root}AWSLogs/{account_of(found)}/elasticloadbalancing/{region_of(found)}/"
        yield AccessRoute(listener.key, "aws", folder, BALANCER_SECONDS, _names_on_aws(world, listener, found))


def _names_on_aws(world: World, listener: Resource, found: Resource) -> dict[str, str]:
    action: Values = next(iter(listener.inputs.get("defaultActions") or []), {})
    return {
        "account": account_of(found),
        "region": region_of(found),
        "balancer": found.id.rpartition(":loadbalancer/")[2],
        "address": str(found.place["address"]),
        "group": str(group_of(action) or "-"),
        "certificate": str(listener.inputs.get("certificateArn") or "-"),
        "action": str(action.get("type") or "-"),
        "waf": "waf" if rate_rule(world, found) else "",
        "port": str(listener.inputs.get("port") or 443),
    }


def _bucket_of(found: Resource) -> str:
    return str(nested(found.inputs, "accessLogs", "bucket") or "") if is_log_asked(found.inputs) else ""


def _on_azure(world: World) -> Iterator[AccessRoute]:
    for environment, workspace in find_sending(world, AZURE_REQUESTS, "workspaceId", WORKSPACE):
        folder = f"{analytics_folder(azure_tail(workspace))}/"
        for app in apps_in(world, environment):
            names = {"environment": azure_tail(environment), "app": azure_tail(app)}
            for port in (443, 80):
                yield AccessRoute(f"{environment.key}/{port}", "azure", folder, ANALYTICS_SECONDS, names)


def analytics_folder(workspace: str) -> str:
    """Where a workspace's rows lie among the objects."""
    return f"{ANALYTICS}/{workspace}"


def logging_folder(project: str) -> str:
    """Where the entries of a project's own log bucket lie among the objects."""
    return f"{_LOGGING}/{project}/global/_Default"


def _on_google(world: World) -> Iterator[AccessRoute]:
    for rule in world.store.all(balancer.FORWARDING_RULE):
        try:
            names = _names_on_google(world, rule)
        except OutlastError:  # a chain that is broken is told where its entry point is made
            continue
        if names.get("logged") or names.get("service"):
            yield AccessRoute(rule.key, "gcp", f"{logging_folder(project_of(rule))}/", 0.0, names)


def _names_on_google(world: World, rule: Resource) -> dict[str, str]:
    target = rule.inputs.get("target")
    proxy = world.store.find(balancer.HTTPS_PROXY, target) or world.store.require(balancer.HTTP_PROXY, target, "gone")
    found = url_map(world, proxy)
    names = {
        "project": project_of(rule),
        "rule": tail(rule),
        "proxy": tail(proxy),
        "map": tail(found),
        "address": str(world.store.require(balancer.ADDRESS, rule.inputs.get("ipAddress"), "gone").place["address"]),
    }
    backend = world.store.find(balancer.BACKEND, found.inputs.get("defaultService"))
    service = service_behind(world, backend) if backend else None
    if backend is not None:
        policy = world.store.follow(backend, "securityPolicy", armor.POLICY)
        logged = bool(nested(backend.inputs, "logConfig", "enable"))
        names |= {"backend": tail(backend), "policy": tail(policy) if policy else "", "logged": "yes" if logged else ""}
    if service is not None:
        names |= {"service": tail(service), "location": place_of(service)}
    return names
