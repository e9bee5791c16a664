"""What the sandbox knows about a resource type: its fidelity, its rules, and what creating one does.

One row holds all of it: adding a type is one `declare` in its cloud's module, and a test. The tables in `outlast status
--resources` and in the reference docs are made from these rows.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.clouds.eventual import Takes
from sandbox.clouds.rules import Combination, Rule
from sandbox.clouds.store import Resource
from sandbox.clouds.values import Values
from sandbox.clouds.world import World

Wait = Callable[[World, Resource, float, Callable[[], bool]], None]


class Fidelity(enum.StrEnum):
    """How much of a resource type the sandbox has."""

    SIMULATED = "simulated"  # creating it has an effect: processes, listeners, DNS, certificates
    MOTO = "kept in moto"  # written through boto3, so that boto3 and the drills see it
    TYPED = "typed"  # checked against the SDK's types and remembered


def _nothing(world: World, resource: Resource) -> None:
    """No effect beyond what is derived from the world."""


def _alone(resource: Resource) -> bool:
    """Names are taken once."""
    return False


def _no_outputs(world: World, resource: Resource) -> Values:
    return {}


def _not_yet(world: World, resource: Resource) -> bool:
    """It was not there before."""
    return False


@dataclass(frozen=True)
class Kind:
    """One resource type.

    `limits` (input's path -> rule) and `combinations` refuse inputs in the preview, before anything exists.
    `forces_new` (input -> source) lists the inputs whose change replaces the resource; any other is updated in place,
    which `replacement_unknown` admits nobody could confirm. A change of an input in `overlooked` (-> source) is none.

    `rules` refuse once the inputs are known, by what they refer to; the docstring of each says what it asks and where
    that is written. `illness` says which mistakes are taken, as by the real cloud, and show in what a client meets;
    `not_known` says what nobody found out about the real one.

    `takes` says how long a creation or a change takes to count, where the sandbox is asked for eventual consistency: it
    returns then, and until then everybody else meets what was before. What `counts` already takes no time.

    `create` acts; `wait` returns once it works.

    `create` may set the id; else `id_of` makes it, else it is the program's name with a random end. `find_made` gives
    the id of what an interrupted `create` made elsewhere than in the journal, found by `place["reference"]`.
    `refresh` None: what is remembered is what is.

    `shared` says whether the cloud gives one whose id is there already to whoever asks; any other is refused.
    """

    type: str
    fidelity: Fidelity = Fidelity.TYPED
    effect: str = ""
    not_simulated: str = ""
    limits: Mapping[str, Rule] = field(default_factory=dict)
    combinations: tuple[Combination, ...] = ()
    forces_new: Mapping[str, str] = field(default_factory=dict)
    replacement_unknown: tuple[str, ...] = ()
    overlooked: Mapping[str, str] = field(default_factory=dict)
    illness: tuple[str, ...] = ()
    not_known: tuple[str, ...] = ()
    id_of: Callable[[World, Resource], str] | None = None
    outputs: Callable[[World, Resource], Values] = _no_outputs
    known_early: Callable[[World, Resource], Values] = _no_outputs  # outputs that a preview can show
    rules: tuple[Callable[[World, Resource], None], ...] = ()
    takes: Takes | None = None
    counts: Callable[[World, Resource], bool] = _not_yet
    create: Callable[[World, Resource], None] = _nothing
    find_made: Callable[[World, Resource], str | None] | None = None
    update: Callable[[World, Resource], None] = _nothing
    delete: Callable[[World, Resource], None] = _nothing
    refresh: Callable[[World, Resource], Resource | None] | None = None
    wait: Wait | None = None
    shared: Callable[[Resource], bool] = _alone


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
