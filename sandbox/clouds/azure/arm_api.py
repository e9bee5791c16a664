"""Azure Resource Manager as drills use it beside Pulumi: look at an app and its replicas, stop it, start it."""

from __future__ import annotations

import re
from typing import Any

from sandbox.clouds.azure.apps import APP, running_status
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.world import World

Document = dict[str, Any]
PATH = re.compile(
    r"(?P<id>/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.App/containerApps/[^/]+)(?:/(?P<verb>stop|start|revisions))?"
)


def answer(world: World, method: str, path: str) -> Document:
    """One request. Raises CloudRefused with the API's own code."""
    found = PATH.fullmatch(path)
    app = world.store.get(APP, found["id"]) if found else None
    if found is None or app is None:
        raise CloudRefused(f"ResourceNotFound: The Resource '{path}' was not found.")
    if method == "GET" and found["verb"] == "revisions":
        return {"value": [_revision(world, app)]}
    if method == "POST" and found["verb"] in ("stop", "start"):
        _set_stopped(world, app, found["verb"] == "stop")
    elif method != "GET" or found["verb"]:
        raise CloudRefused(f"MethodNotAllowed: the sandbox has no {method} of {path}")
    return {"id": app.id, "name": app.id.rpartition("/")[2], "properties": {"runningStatus": running_status(app)}}


def _revision(world: World, app: Resource) -> Document:
    """The one that serves: the sandbox keeps none that is inactive."""
    replicas, name = world.hooks.count_ready(app.key), str(app.outputs.get("latestRevisionName") or "")
    properties = {"active": True, "replicas": replicas, "runningState": "Running" if replicas else "Stopped"}
    return {"name": name, "properties": properties}


def owner(world: World, path: str) -> str:
    """The stack whose app is asked for; empty where there is none."""
    found = PATH.fullmatch(path)
    app = world.store.get(APP, found["id"]) if found else None
    return app.stack if app else ""


def _set_stopped(world: World, app: Resource, stopped: bool) -> None:
    with world.store.lock:
        app.place["stopped"] = stopped
        app.outputs = {**app.outputs, "runningStatus": running_status(app)}
        world.store.put(app)
    world.hooks.reconcile()
