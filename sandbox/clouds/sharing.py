"""Resources that several stacks make of one id: an API that two sites switch on, a record that proves one host twice.

The clouds have one of it, and each stack's state names it. It is gone when the last stack has let it go.
"""

from __future__ import annotations

from sandbox.clouds.store import Resource, stack_of

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


def is_of(resource: Resource, stack: str) -> bool:
    """Whether the stack has it, alone or with others."""
    return stack in map(stack_of, (resource.urn, *resource.place.get(_OTHERS, [])))
