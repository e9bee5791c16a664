"""Cloud Run's API (v2) as drills use it beside Pulumi: look at a service, and change who may come in."""

from __future__ import annotations

import re
from typing import Any

from sandbox.clouds.gcp.run import SERVICE
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import stable_hex
from sandbox.clouds.world import World

Document = dict[str, Any]
PATH = re.compile(r"/v2/(?P<id>projects/[^/]+/locations/[^/]+/services/[^/]+)")
ALL_INGRESS, INTERNAL_INGRESS = "INGRESS_TRAFFIC_ALL", "INGRESS_TRAFFIC_INTERNAL_ONLY"
INGRESSES = (ALL_INGRESS, INTERNAL_INGRESS, "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER")


def answer(world: World, method: str, path: str, mask: str, asked: Document) -> Document:
    """One request. Raises CloudRefused with the API's own status; `mask` is the query's updateMask."""
    service = _find(world, path)
    if service is None:
        raise CloudRefused(f"NOT_FOUND: Resource '{path}' of kind 'SERVICE' does not exist.")
    if method == "GET":
        return {"name": service.id, "ingress": _ingress(service), "etag": _etag(service)}
    if method != "PATCH" or mask != "ingress":
        raise CloudRefused(f"UNIMPLEMENTED: the sandbox has no {method} of {mask or 'everything'}")
    _close(world, service, asked)
    return {"name": f"{service.id.partition('/services/')[0]}/operations/{stable_hex(service.id)}", "done": True}


def owner(world: World, path: str) -> str:
    """The stack whose service is asked for; empty where there is none."""
    service = _find(world, path)
    return service.stack if service else ""


def lets_balancers_in(service: Resource) -> bool:
    """Whether a load balancer's requests reach it: cloud.google.com/run/docs/securing/ingress."""
    return _ingress(service) != INTERNAL_INGRESS


def _close(world: World, service: Resource, asked: Document) -> None:
    with world.store.lock:
        if asked.get("etag", _etag(service)) != _etag(service):
            raise CloudRefused("ABORTED: Conflict for resource: the etag is not that of the newest version.")
        if asked.get("ingress") not in INGRESSES:
            raise CloudRefused(f"INVALID_ARGUMENT: ingress must be one of {', '.join(INGRESSES)}")
        service.inputs = {**service.inputs, "ingress": asked["ingress"]}
        service.place["patched"] = int(service.place.get("patched", 0)) + 1
        world.store.put(service)
    world.hooks.reconcile()


def _find(world: World, path: str) -> Resource | None:
    found = PATH.fullmatch(path)
    return world.store.get(SERVICE, found["id"]) if found else None


def _ingress(service: Resource) -> str:
    return str(service.inputs.get("ingress") or ALL_INGRESS)


def _etag(service: Resource) -> str:
    return stable_hex(service.id, _ingress(service), str(service.place.get("patched", 0)), length=12)
