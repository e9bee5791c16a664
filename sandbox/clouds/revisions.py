"""Revisions of a compute resource: which one is the newest, and which one last became ready.

A new revision that never answers takes nothing down: the one before goes on, also over a restart of the sandbox. So
what was ready is written down with the resource, not only kept in memory by the supervisor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace

from sandbox.clouds.store import Resource
from sandbox.clouds.world import World
from sandbox.replicas.workload import Probe, Workload

_REVISION, _READY, _FAILED = "revision", "ready", "failed"


def begin(world: World, r: Resource) -> None:
    """A create or an update is asked for: count a revision, and forget that the one before had failed."""
    r.place[_REVISION] = int(r.place.get(_REVISION, 0)) + 1
    r.place[_FAILED] = False


def begin_when(changes: Callable[[Resource], object]) -> Callable[[World, Resource], None]:
    """Like `begin`, for clouds that count a revision only when what `changes` gives is another than before."""

    def begin_maybe(world: World, r: Resource) -> None:
        before = world.store.get(r.type, r.id) if r.id else None
        if before is None or changes(before) != changes(r):
            begin(world, r)
        r.place[_FAILED] = False

    return begin_maybe


def newest(r: Resource) -> int:
    """The number of the newest revision."""
    return int(r.place[_REVISION])


def newest_ready(r: Resource) -> int:
    """The number of the revision that last became ready; of the newest where none has yet."""
    return int(r.place.get(_READY, {}).get(_REVISION, r.place[_REVISION]))


def keep_ready(r: Resource, workload: Workload | None) -> None:
    """The newest revision answers: it is what to go back to from now on."""
    if workload is not None:
        r.place[_READY] = {_REVISION: newest(r), "workload": asdict(_unscaled(workload))}


def is_proven(r: Resource, workload: Workload) -> bool:
    """Whether the workload is the one that last became ready, however many there are of it now."""
    known = proven(r)
    return known is not None and known == replace(
        _unscaled(workload), min_replicas=known.min_replicas, max_replicas=known.max_replicas
    )


def _unscaled(workload: Workload) -> Workload:
    """How many there are is no part of a revision: scaling is kept with the resource itself."""
    return replace(workload, scaling=None, start=None)


def proven(r: Resource) -> Workload | None:
    """The workload that last became ready, or None."""
    if _READY not in r.place:
        return None
    kept = r.place[_READY]["workload"]
    # JSON knows no tuples and no probes, and a workload compares and hashes by them.
    probes = {name: Probe(**kept[name]) for name in ("startup", "readiness", "liveness") if kept.get(name)}
    return Workload(**{**kept, **probes, "environment": tuple((name, value) for name, value in kept["environment"])})


def fall_back(r: Resource) -> bool:
    """The newest revision did not get ready: go back to the last that was. False where there is none."""
    r.place[_FAILED] = _READY in r.place
    return bool(r.place[_FAILED])


def fallen_back_to(r: Resource) -> Workload | None:
    """The workload that serves instead of the newest revision's, or None where that one is (or may get) ready."""
    return proven(r) if r.place.get(_FAILED) else None
