"""Inputs that mean another resource: refused where no such resource exists, as the APIs do."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sandbox.clouds.rules import values_at
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.world import World


def exists(path: str, types: str | Iterable[str], told: str, source: str) -> Callable[[World, Resource], None]:
    """A rule: each value at `path` means a resource of one of the types.

    `told` is the API's message, with `{}` for the value; `source` says where that is written.
    """
    allowed = (types,) if isinstance(types, str) else tuple(types)

    def rule(world: World, r: Resource) -> None:
        for _, value in values_at(r.inputs, path):
            if value and all(world.store.find(type_, value) is None for type_ in allowed):
                raise CloudRefused(told.format(value))

    kinds = " or ".join(type_.rpartition(":")[2] for type_ in allowed)
    rule.__doc__ = f"`{path}` means a {kinds} that exists: {source}."
    return rule
