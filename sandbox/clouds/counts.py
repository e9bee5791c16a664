"""How many replicas a compute resource has now: of what runs, the one thing that a scaling rule changes in a cloud."""

from __future__ import annotations

from sandbox.clouds.store import Resource
from sandbox.clouds.world import World

_COUNT = "desired"


def kept_count(r: Resource) -> int | None:
    """The number that was kept last; None where none ever was."""
    return int(r.place[_COUNT]) if _COUNT in r.place else None


def note_count(r: Resource, count: int) -> None:
    """Write the number into a resource that is being made or changed; whoever does that keeps it."""
    r.place[_COUNT] = count


def keep_count(world: World, key: str, count: int) -> None:
    """Keep the number on disk, so that the next sandbox begins with it. A resource that is gone has none."""
    with world.store.lock:
        r = world.store.find_key(key)
        if r is not None:
            note_count(r, count)
            world.store.put(r)
