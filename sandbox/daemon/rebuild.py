"""Route 53's memory, made again from the journal where its own file is damaged or gone: the same ids, the same answers.

What others than Pulumi wrote there (boto3, a drill under way) was in that file only, and is lost with it.
"""

from __future__ import annotations

import json
import uuid
import zlib
from dataclasses import replace
from pathlib import Path

from failover.simulator import MovingRoute53
from sandbox.clouds.kinds import kind_of
from sandbox.clouds.store import Resource
from sandbox.clouds.world import World

ZONE, CHECK, RECORD = "aws:route53/zone:Zone", "aws:route53/healthCheck:HealthCheck", "aws:route53/record:Record"


def load(route53: MovingRoute53, file: Path) -> str:
    """Restore what `file` holds; what is wrong with it, or nothing. A damaged one is kept beside, under another name.

    Raises InvalidInput for a file of another version.
    """
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return f"{file.name} is gone"
    try:
        route53.restore(json.loads(content))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        file.replace(file.with_suffix(f".damaged-{zlib.crc32(content):08x}"))
        return f"{file.name} is damaged ({type(error).__name__}: {str(error)[:80]})"
    return ""


def needs_rebuild(world: World) -> bool:
    """Whether the journal knows of anything that Route 53 should hold."""
    return any(world.store.all(type_) for type_ in (ZONE, CHECK, RECORD))


def rebuild(world: World, route53: MovingRoute53) -> None:
    """Make every zone, health check and record of the journal by the API, then give them the ids that they had.

    An interrupted one must begin again: the caller keeps no snapshot before this returns.
    """
    made: dict[str, str] = {}  # the new id -> the one in the journal
    for type_ in (ZONE, CHECK, RECORD):
        for resource in sorted(world.store.all(type_), key=_is_calculated):
            again = _with_new_ids(resource, made)
            kind_of(type_).create(world, again)
            if type_ != RECORD:  # whose id follows from its inputs
                made[again.id] = resource.id
    text = json.dumps(route53.snapshot())
    for new, old in made.items():
        text = text.replace(new, old)
    route53.restore(json.loads(text))


def _is_calculated(resource: Resource) -> bool:
    """A check of other checks comes after them."""
    return bool(resource.inputs.get("childHealthchecks"))


def _with_new_ids(resource: Resource, made: dict[str, str]) -> Resource:
    text = json.dumps(resource.inputs)
    for new, old in made.items():
        text = text.replace(old, new)
    return replace(resource, id="", inputs=json.loads(text), place={**resource.place, "reference": str(uuid.uuid4())})
