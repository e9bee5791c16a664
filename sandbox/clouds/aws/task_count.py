"""How many tasks a service of ECS asks for: what Pulumi said last, or who spoke to the cloud's own API since.

The count lies with the service, as ECS keeps it: drills and Application Auto Scaling change it behind Pulumi's back.
"""

from __future__ import annotations

from sandbox.clouds.counts import keep_count, kept_count, note_count
from sandbox.clouds.store import Resource
from sandbox.clouds.values import Values
from sandbox.clouds.world import World

SERVICE, SPOT = "aws:ecs/service:Service", "FARGATE_SPOT"
_ASKED = "asked"


def wanted_tasks(r: Resource) -> int:
    """How many tasks the service asks for. pulumi-aws 7.51.1, Service.desired_count: "Defaults to 0"."""
    kept = kept_count(r)
    return _count_of(r) if kept is None else kept


def set_wanted_tasks(world: World, r: Resource, count: int) -> None:
    """Ask for another number of tasks, as UpdateService does; the caller reconciles."""
    keep_count(world, r.key, count)


def see_count(world: World, r: Resource) -> Resource | None:
    """What a refresh finds: the service as it is, with the number of tasks that it asks for now."""
    found = world.store.get(r.type, r.id)
    if found is None:
        return None
    r.inputs = {**found.inputs, "desiredCount": wanted_tasks(found)}
    return r


def follow_program(world: World, r: Resource) -> None:
    """A create or an update: the program's number counts where it is another than it was, or than it was seen to be.

    One that ignores its own number (`ignore_changes`) sends the one that Pulumi's state has, which is no change.
    """
    asked, known = _count_of(r), world.store.get(r.type, r.id) if r.id else None
    seen = (known.place.get(_ASKED, _count_of(known)), _count_of(known)) if known else ()
    if asked not in seen:
        note_count(r, asked)
    r.place[_ASKED] = asked
    r.inputs = {**r.inputs, "desiredCount": wanted_tasks(r)}


def _count_of(r: Resource) -> int:
    return int(r.inputs.get("desiredCount") or 0)


def find_service(world: World, resource_id: str) -> Resource | None:
    """The service that Application Auto Scaling calls `service/<cluster>/<name>`."""
    return next((r for r in world.store.all(SERVICE) if r.id.rpartition(":")[2] == resource_id), None)


def spot_of(r: Resource) -> Values:
    """Which tasks may be taken back: ECS fills the base first and shares what is beyond by weight (ECS API,
    CapacityProviderStrategyItem).
    """
    strategies = r.inputs.get("capacityProviderStrategies") or []
    weights = {str(one.get("capacityProvider")): int(one.get("weight") or 0) for one in strategies}
    if not weights.get(SPOT):
        return {}
    base = sum(int(one.get("base") or 0) for one in strategies if one.get("capacityProvider") != SPOT)
    return {"spot_base": base, "spot_share": weights[SPOT] / sum(weights.values())}
