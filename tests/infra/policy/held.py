"""A resource of one type with given inputs, and what one rule says of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.policy.pack import find_wrong
from infra.policy.rule import Facts, Resource
from infra.policy.rules import RULES

BY_NAME = {rule.name: rule for rule in RULES}


@dataclass(frozen=True)
class Case:
    """Inputs that break a rule, with a word of what is said then, and inputs that keep it."""

    bad: dict[str, Any]
    says: str
    good: dict[str, Any]
    type: str = ""
    facts: Facts = field(default_factory=Facts)


def ask(name: str, inputs: dict[str, Any], type_: str = "", facts: Facts | None = None, **given: Any) -> str:
    """What the rule of that name says of a resource (of the first type that it is about)."""
    rule = BY_NAME[name]
    return find_wrong(rule, Resource(type_ or rule.types[0], "it", inputs, **given), facts or Facts())


def ask_stack(name: str, resources: Sequence[Resource], **settings: str) -> list[str]:
    """What a rule about a whole stack says."""
    check = BY_NAME[name].stack_check
    assert check
    return list(check(resources, Facts("", settings)))


def check_case(name: str, case: Case) -> None:
    """The bad inputs break the rule and say why, the good ones keep it."""
    assert case.says in ask(name, case.bad, case.type, case.facts)
    assert ask(name, case.good, case.type, case.facts) == ""


def task(**container: Any) -> dict[str, Any]:
    """Inputs of a task definition with one container."""
    return {"containerDefinitions": json.dumps([{"name": "service", **container}])}


def policy(**statement: Any) -> str:
    """An IAM policy of one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})
