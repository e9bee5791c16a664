"""What this cloud's own program asks for is taken as it is; the rest is in tests/sandbox/clouds/test_budgets.py."""

from __future__ import annotations

from sandbox.clouds.aws.budgets import BUDGET
from sandbox.clouds.kinds import KINDS
from sandbox.clouds.rules import mistakes
from tests.infra.harness import run_stack


def test_what_the_program_asks_for_is_taken() -> None:
    run = run_stack("aws", monthlyBudgetUsd=150, alertEmail="operator@outlast.example")
    kind = KINDS[BUDGET]
    assert mistakes(kind.limits, kind.combinations, run.one(BUDGET).inputs) == []
