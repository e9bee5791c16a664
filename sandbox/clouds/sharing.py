"""Resources that several stacks make of one id: an API that two sites switch on, a record that proves one host twice.

The clouds have one of it, and each stack's state names it. It is gone when the last stack has let it go. One that
changed its stack in Pulumi's state alone is handed over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sandbox.clouds.store import Resource, ResourceStore, stack_of

NOWHERE: Mapping[tuple[str, str], str] = MappingProxyType({})

_OTHERS = "others"  # in `Resource.place`: the URNs of those who have it too


def join(known: Resource, resource: Resource) -> None:
    """`resource`, which its stack made or changed just now, belongs to those of `known` as well."""
    others = {known.urn, *known.place.get(_OTHERS, [])} - {resource.urn}
    if others:
        resource.place[_OTHERS] = sorted(others)


def leave(resource: Resource, stack: str) -> bool:
    """Take what `stack` has of it away; whether others still have it, in whose name it then is."""
    others = resource.place.get(_OTHERS, [])
    left = [urn for urn in (resource.urn, *others) if stack_of(urn) != stack]
    if not others or not left:
        return False
    resource.urn = left[0]
    resource.place = {**resource.place, _OTHERS: left[1:]}
    return True


def hand_over(
    store: ResourceStore, unknown: Sequence[Resource], stack: str, elsewhere: Mapping[tuple[str, str], str]
) -> list[Resource]:
    """Give what a stack alone had to those whose states have it now (`pulumi state move` asks no cloud); the others."""
    left = []
    for resource in unknown:
        if resource.stack == stack and (resource.type, resource.id) in elsewhere:
            resource.urn = elsewhere[resource.type, resource.id]
            store.put(resource)
        else:
            left.append(resource)
    return left


def is_of(resource: Resource, stack: str) -> bool:
    """Whether the stack has it, alone or with others."""
    return stack in map(stack_of, (resource.urn, *resource.place.get(_OTHERS, [])))
