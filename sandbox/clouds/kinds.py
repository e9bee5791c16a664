"""What the sandbox knows about a resource type: how deep it goes, in words, and what creating one does.

The tables in `make status --resources` and in the reference docs are made from these entries, so an entry is where
the truth about a type is said.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.clouds.world import Resource, Values, World

Wait = Callable[[World, Resource, float, Callable[[], bool]], None]


class Depth(enum.StrEnum):
    """How much of a resource type the sandbox has."""

    SIMULATED = "simulated"  # creating it has an effect: processes, listeners, DNS, certificates
    MOTO = "kept in moto"  # written through boto3, so that boto3 and the drills see it
    TYPED = "typed"  # checked against the SDK's types and remembered


def _nothing(world: World, resource: Resource) -> None:
    """No effect beyond what is derived from the world."""


def _no_outputs(world: World, resource: Resource) -> Values:
    return {}


@dataclass(frozen=True)
class Kind:
    """One resource type. `rules` refuse before anything exists; `create` acts; `wait` returns once it works.

    `create` may set the id; else `id_of` makes it, else it is the program's name with a random end. `find_made` gives
    the id of what an interrupted `create` made elsewhere than in the journal, found by `place["reference"]`.
    `refresh` None: what is remembered is what is.
    """

    type: str
    depth: Depth = Depth.TYPED
    effect: str = ""
    not_simulated: str = ""
    id_of: Callable[[World, Resource], str] | None = None
    outputs: Callable[[World, Resource], Values] = _no_outputs
    known_early: Callable[[World, Resource], Values] = _no_outputs  # outputs that a preview can show
    rules: Callable[[World, Resource], None] = _nothing
    create: Callable[[World, Resource], None] = _nothing
    find_made: Callable[[World, Resource], str | None] | None = None
    update: Callable[[World, Resource], None] = _nothing
    delete: Callable[[World, Resource], None] = _nothing
    refresh: Callable[[World, Resource], Resource | None] | None = None
    wait: Wait | None = None


KINDS: dict[str, Kind] = {}


def declare(type_: str, **facts: Any) -> Kind:
    """Enter a type into the table."""
    if type_ in KINDS:
        raise ValueError(f"{type_} is declared twice")
    KINDS[type_] = Kind(type_, **facts)
    return KINDS[type_]


def kind_of(type_: str) -> Kind:
    """The type's entry; a type that nobody declared is typed only."""
    return KINDS.get(type_) or Kind(type_, not_simulated="everything: it is checked against its types and remembered")
