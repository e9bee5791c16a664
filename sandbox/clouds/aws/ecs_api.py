"""ECS's API as drills use it beside Pulumi: look at services, and change how many tasks one asks for.

What is changed here is the cloud's own state: Pulumi learns of it by `refresh`, as of a change in the console.
"""

from __future__ import annotations

from typing import Any

from sandbox.clouds.aws.common import own_name
from sandbox.clouds.aws.task_count import SERVICE, set_wanted_tasks, wanted_tasks
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.world import World

Document = dict[str, Any]
PREFIX = "AmazonEC2ContainerServiceV20141113."


def answer(world: World, operation: str, asked: Document) -> Document:
    """One operation. Raises CloudRefused with the API's own code."""
    if operation == "DescribeServices":
        return _describe(world, asked)
    if operation == "UpdateService":
        return {"service": _document(world, _update(world, asked))}
    raise CloudRefused(f"UnknownOperationException: the sandbox has no {operation}")


def owner(world: World, asked: Document) -> str:
    """The stack whose service is asked for; empty where there is none."""
    names = [asked.get("service"), *asked.get("services", [])]
    found = next((_find(world, asked, str(name)) for name in names if name), None)
    return found.stack if found else ""


def _describe(world: World, asked: Document) -> Document:
    found = {str(name): _find(world, asked, str(name)) for name in asked.get("services", [])}
    missing = [{"arn": name, "reason": "MISSING"} for name, service in found.items() if service is None]
    return {"services": [_document(world, s) for s in found.values() if s is not None], "failures": missing}


def _update(world: World, asked: Document) -> Resource:
    with world.store.lock:
        service = _find(world, asked, str(asked.get("service", "")))
        if service is None:
            raise CloudRefused("ServiceNotFoundException: Service not found.")
        if other := set(asked) - {"service", "cluster", "desiredCount"}:
            raise CloudRefused(f"InvalidParameterException: the sandbox does not change {', '.join(sorted(other))}")
        if "desiredCount" in asked:  # without it a service goes on with as many as it has
            set_wanted_tasks(world, service, int(asked["desiredCount"]))
    world.hooks.reconcile()
    return service


def _find(world: World, asked: Document, name: str) -> Resource | None:
    """By ARN, or by name in a cluster, which may be given as an ARN as well."""
    cluster = str(asked.get("cluster", "default")).rpartition("/")[2]
    for service in world.store.all(SERVICE):
        if name == service.id or (name == own_name(service) and service.id.split("/")[1] == cluster):
            return service
    return None


def _document(world: World, service: Resource) -> Document:
    running = world.hooks.count_ready(service.key)
    return {
        "serviceArn": service.id,
        "serviceName": own_name(service),
        "clusterArn": str(service.inputs.get("cluster", "")),
        "status": "ACTIVE",
        "desiredCount": wanted_tasks(service),
        "runningCount": running,
        "pendingCount": max(0, wanted_tasks(service) - running),
        "capacityProviderStrategy": service.inputs.get("capacityProviderStrategies") or [],
    }
