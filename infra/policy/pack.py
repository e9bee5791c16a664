"""The rules as the engine takes them: a policy for each, and one that says what the stack's file excuses.

The engine tells a pack neither the stack nor its settings before the first resource comes, and the SDK passes on
neither. So the stack is read off the resource's URN, and its settings from the file that the program has them from.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi_policy as crossguard

from infra.policy.rule import Facts, Resource, Rule
from infra.policy.rules import RULES, rules_of
from infra.settings.exceptions import Excuse
from infra.settings.reader import Reader
from infra.settings.regions import REGION_KEYS
from infra.stack_file import read_all_exceptions

NAME = "outlast"
DOCUMENTED = "docs/reference/policy.md"
EXCUSED = "excused"


@dataclass(frozen=True)
class Held:
    """What a stack is held to: what rules may know of it, those that concern it, and those that its file excuses."""

    facts: Facts
    rules: frozenset[str]
    excused: Mapping[str, Excuse]

    def applies(self, rule: Rule) -> bool:
        """Whether breaking the rule is refused here."""
        return rule.name in self.rules and rule.name not in self.excused


def hold(stack: str, config: Mapping[str, str], today: datetime.date) -> Held:
    """What the stack with these settings, as Pulumi hands them over, is held to. An ended exception excuses nothing."""
    kind = config.get("outlast:kind", "")
    cloud = config.get("outlast:cloud", kind)
    region = config.get(REGION_KEYS.get(cloud, ""), "")
    own = {key.removeprefix("outlast:"): value for key, value in config.items() if key.startswith("outlast:")}
    facts = Facts(kind, own, tuple(filter(None, [region.lower().replace(" ", "")])))
    excused = read_all_exceptions(Reader(stack, config), kind, today)
    in_force = {rule: excuse for rule, excuse in excused.items() if excuse.until >= today}
    return Held(facts, frozenset(rule.name for rule in rules_of(kind)), in_force)


HeldOf = Callable[[str], Held]
"""The name of a stack -> what it is held to."""


def build_policies(held_of: HeldOf) -> list[Any]:
    """A policy for each rule; and the two that say, as advice, what is broken by leave of the stack's file."""
    rules = [_stack_policy(rule, held_of) if rule.stack_check else _policy(rule, held_of) for rule in RULES]
    why = "the stack's file excuses it in outlast:exceptions, with a reason and an end"
    level = crossguard.EnforcementLevel.ADVISORY
    return [
        *rules,
        crossguard.ResourceValidationPolicy(EXCUSED, why, validate=_say_excused(held_of), enforcement_level=level),
        crossguard.StackValidationPolicy(
            f"{EXCUSED}-of-the-stack", why, validate=_say_excused_of_stack(held_of), enforcement_level=level
        ),
    ]


def _told(rule: Rule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "description": f"{rule.why}. To mend it: {rule.fix}",
        "enforcement_level": crossguard.EnforcementLevel.MANDATORY,
        "remediation_steps": rule.fix,
        "tags": list(rule.public),
        "url": f"{DOCUMENTED}#{rule.name}",
    }


Report = Callable[..., None]


def _policy(rule: Rule, held_of: HeldOf) -> Any:
    def validate(args: Any, report: Report) -> None:
        held = held_of(stack_of(args.urn))
        wrong = find_wrong(rule, _resource(args), held.facts) if held.applies(rule) else ""
        if wrong:
            report(wrong)

    return crossguard.ResourceValidationPolicy(validate=validate, **_told(rule))


def _stack_policy(rule: Rule, held_of: HeldOf) -> Any:
    def validate(args: Any, report: Report) -> None:
        held = _held_by(args, held_of)
        if held and rule.stack_check and held.applies(rule):
            for wrong in rule.stack_check([_resource(each) for each in args.resources], held.facts):
                report(wrong)

    return crossguard.StackValidationPolicy(validate=validate, **_told(rule))


def _say_excused(held_of: HeldOf) -> Callable[[Any, Report], None]:
    def validate(args: Any, report: Report) -> None:
        held, resource = held_of(stack_of(args.urn)), _resource(args)
        for rule, excuse in _excused(held):
            if wrong := find_wrong(rule, resource, held.facts):
                report(f"{rule.name}: {wrong} ({excuse})")

    return validate


def _say_excused_of_stack(held_of: HeldOf) -> Callable[[Any, Report], None]:
    def validate(args: Any, report: Report) -> None:
        held = _held_by(args, held_of)
        for rule, excuse in _excused(held) if held else ():
            resources = [_resource(each) for each in args.resources]
            for wrong in rule.stack_check(resources, held.facts) if rule.stack_check and held else ():
                report(f"{rule.name}: {wrong} ({excuse})")

    return validate


def _excused(held: Held) -> Iterator[tuple[Rule, Excuse]]:
    return ((rule, held.excused[rule.name]) for rule in RULES if rule.name in held.excused)


def find_wrong(rule: Rule, resource: Resource, facts: Facts) -> str:
    """What the rule finds in one resource; "" for one that it is not about."""
    concerned = rule.check and (not rule.types or resource.type in rule.types)
    return rule.check(resource, facts) if rule.check and concerned else ""


def _resource(args: Any) -> Resource:
    return Resource(args.resource_type, args.name, args.props, bool(args.opts.protect))


def _held_by(args: Any, held_of: HeldOf) -> Held | None:
    """By the stack of its first resource; a stack without any breaks no rule."""
    return held_of(stack_of(args.resources[0].urn)) if args.resources else None


def stack_of(urn: str) -> str:
    """urn:pulumi:<stack>::<project>::<type>::<name> -> the stack."""
    return urn.removeprefix("urn:pulumi:").partition("::")[0]
