"""What a rule of the policy pack is, and what it may look at. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Inputs = Mapping[str, Any]
"""Of one resource, as the engine has them: names as the provider's schema writes them (`imageTagMutability`)."""


@dataclass(frozen=True)
class Facts:
    """What a rule may know beside the resource: the stack's kind, its settings as text, and where it may be."""

    kind: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    regions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Resource:
    """One resource, as a rule sees it."""

    type: str
    name: str
    inputs: Inputs
    protected: bool = False


Check = Callable[[Resource, Facts], str]
"""What is wrong with a resource; "" where nothing is."""

StackCheck = Callable[[Sequence[Resource], Facts], Sequence[str]]
"""What is wrong with all resources of a stack together."""


@dataclass(frozen=True)
class Rule:
    """One rule: its name (which `outlast:exceptions` takes), what it looks at, why it is there, and what to do.

    `public` are the ids by which the same is known elsewhere. Exactly one of `check` and `stack_check` is given;
    `kinds` are the stacks that a `stack_check` is for.
    """

    name: str
    why: str
    fix: str
    types: tuple[str, ...] = ()
    check: Check | None = None
    kinds: tuple[str, ...] = ()
    stack_check: StackCheck | None = None
    public: tuple[str, ...] = ()
