"""The table of rules: every rule is made by some linter, and told in whole words."""

from __future__ import annotations

from pathlib import Path

import pytest

from failover.routing import lint, lint_sites, lint_zone
from failover.routing.lint_rules import NO_RECORDS, RULES, make_finding

SOURCES = "".join(Path(str(module.__file__)).read_text() for module in (lint, lint_zone, lint_sites))


@pytest.mark.parametrize("rule", sorted(set(RULES) - {NO_RECORDS}))
def test_every_rule_is_looked_for(rule: str) -> None:
    assert f'"{rule}"' in SOURCES


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_finding_says_what_why_and_what_to_do(rule: str) -> None:
    finding = make_finding(rule, "aws", "is so")
    assert str(finding) == f"{finding.severity}: aws: is so: {finding.why}\n  hint: {finding.hint}"
    assert not finding.why.endswith(".") and not finding.hint.endswith(".")
