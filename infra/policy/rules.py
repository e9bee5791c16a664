"""Every rule of the policy pack, and which of them a kind of stack is held to. Pure."""

from __future__ import annotations

from infra.permissions.in_use import IN_USE, types_of
from infra.policy import aws, azure, base, every, gcp, training
from infra.policy.rule import Rule

RULES: tuple[Rule, ...] = (
    *every.RULES,
    *base.RULES,
    *training.RULES,
    *aws.RULES,
    *azure.RULES,
    *gcp.RULES,
)

# Of these kinds a stack is on any of the clouds, which its file says.
_ANYWHERE = {
    kind: {type_ for each in IN_USE if each.startswith(f"{kind}-") for type_ in types_of(each)}
    for kind in ("base", "training")
}
_PREFIXES = {
    "aws": ("aws:",),
    "azure": ("azure-native:",),
    "gcp": ("gcp:",),
    "zone": (),
    "base": (),
    "training": (),
    "private": (),
    "traffic": (),
}


def rules_of(kind: str) -> tuple[Rule, ...]:
    """The rules that can find something in a stack of that kind."""
    return tuple(rule for rule in RULES if kind in _PREFIXES and _concerns(rule, kind))


def names_of(kind: str) -> tuple[str, ...]:
    """Their names, which the stack's `outlast:exceptions` takes."""
    return tuple(rule.name for rule in rules_of(kind))


def _concerns(rule: Rule, kind: str) -> bool:
    if rule.stack_check:
        return kind in rule.kinds
    if not rule.types:
        return kind in ("azure", "gcp", *_ANYWHERE)  # resources on AWS lie where their provider does
    if kind == "zone":
        return every.ZONE in rule.types
    if kind == "private":
        return every.RECORD in rule.types
    if kind == "traffic":
        return every.CHECK in rule.types or every.RECORD in rule.types
    if kind in _ANYWHERE:
        return any(type_ in _ANYWHERE[kind] for type_ in rule.types)
    return any(type_.startswith(_PREFIXES[kind]) for type_ in rule.types)
