"""Application Auto Scaling's API as drills use it beside Pulumi: see a service's bounds, and suspend its scaling."""

from __future__ import annotations

from typing import Any

from sandbox.clouds.aws.scaling import SUSPENDED, TARGET, target_of
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.world import World

Document = dict[str, Any]
PREFIX = "AnyScaleFrontendService."
_STATES = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")


def answer(world: World, operation: str, asked: Document) -> Document:
    """One operation. Raises CloudRefused with the API's own code."""
    if operation == "DescribeScalableTargets":
        wanted = asked.get("ResourceIds") or [t.inputs["resourceId"] for t in world.store.all(TARGET)]
        found = (target_of(world, str(name)) for name in wanted)
        return {"ScalableTargets": [_document(target) for target in found if target is not None]}
    if operation == "RegisterScalableTarget":
        _suspend(world, asked)
        world.hooks.reconcile()
        return {}
    raise CloudRefused(f"UnknownOperationException: the sandbox has no {operation}")


def owner(world: World, asked: Document) -> str:
    """The stack whose service is asked for; empty where there is none."""
    names = [asked.get("ResourceId"), *(asked.get("ResourceIds") or [])]
    found = next((target for name in names if name and (target := target_of(world, str(name)))), None)
    return found.stack if found else ""


def _suspend(world: World, asked: Document) -> None:
    """Of a target that is there, what a drill changes: whether it scales."""
    target = target_of(world, str(asked.get("ResourceId", "")))
    if target is None:
        raise CloudRefused("ValidationException: the sandbox registers no scalable target but Pulumi's")
    known = {"ServiceNamespace", "ResourceId", "ScalableDimension", "SuspendedState"}
    if other := set(asked) - known:
        raise CloudRefused(f"ValidationException: the sandbox does not change {', '.join(sorted(other))}")
    given = {_member(name): bool(value) for name, value in (asked.get("SuspendedState") or {}).items()}
    with world.store.lock:
        target.place[SUSPENDED] = {**(target.place.get(SUSPENDED) or {}), **given}
        world.store.put(target)


def _member(name: str) -> str:
    """As pulumi-aws writes it."""
    return name[:1].lower() + name[1:]


def _document(target: Resource) -> Document:
    suspended = target.place.get(SUSPENDED) or target.inputs.get("suspendedState") or {}
    return {
        "ServiceNamespace": target.inputs["serviceNamespace"],
        "ResourceId": target.inputs["resourceId"],
        "ScalableDimension": target.inputs["scalableDimension"],
        "MinCapacity": int(target.inputs["minCapacity"]),
        "MaxCapacity": int(target.inputs["maxCapacity"]),
        "RoleARN": target.get("roleArn"),
        "CreationTime": 0,
        "SuspendedState": {name: bool(suspended.get(_member(name))) for name in _STATES},
    }
