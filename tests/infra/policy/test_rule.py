"""Every rule says what it is for, in one form."""

from __future__ import annotations

import re

import pytest

from infra.policy.rule import Rule
from infra.policy.rules import RULES


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_has_a_name_a_reason_and_a_way_out(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
    assert len(rule.why) > 20 and rule.fix
    assert bool(rule.check) != bool(rule.stack_check)
    assert bool(rule.stack_check) == bool(rule.kinds)
    assert "\n" not in rule.why + rule.fix, "the CLI's reader takes the first line for the description"
    assert "|" not in rule.why + rule.fix, "the page is a table"
