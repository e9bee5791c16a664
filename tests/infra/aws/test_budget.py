from __future__ import annotations

import pytest

from tests.infra.harness import run_stack

BUDGET = "aws:budgets/budget:Budget"


def test_what_is_spent_and_what_is_forecast_is_told() -> None:
    run = run_stack("aws", monthlyBudgetUsd=150)
    budget = run.one(BUDGET).inputs
    assert run.problems == []
    assert (budget["limitAmount"], budget["limitUnit"], budget["timeUnit"]) == ("150", "USD", "MONTHLY")
    told = [(n["notificationType"], n["threshold"], n["thresholdType"]) for n in budget["notifications"]]
    assert told == [("ACTUAL", 80, "PERCENTAGE"), ("ACTUAL", 100, "PERCENTAGE"), ("FORECASTED", 100, "PERCENTAGE")]
    assert {tuple(n["subscriberEmailAddresses"]) for n in budget["notifications"]} == {("operator@outlast.example",)}


@pytest.mark.parametrize(
    ("given", "written"), [(10_000_000, "10000000"), (1_234_567.5, "1234567.50"), (99.99, "99.99")]
)
def test_a_sum_is_written_without_an_exponent_and_whole(given: float, written: str) -> None:
    assert run_stack("aws", monthlyBudgetUsd=given).one(BUDGET).inputs["limitAmount"] == written


def test_without_a_sum_there_is_none() -> None:
    assert not run_stack("aws").all(BUDGET)
