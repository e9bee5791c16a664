from __future__ import annotations

import datetime

from infra.azure.budget import first_of_month
from tests.infra.harness import run_stack

BUDGET = "azure-native:consumption:Budget"


def test_the_sites_group_is_what_is_counted_and_its_first_month_stays() -> None:
    run = run_stack("azure", monthlyBudgetUsd=150)
    budget = run.one(BUDGET)
    assert run.problems == []
    assert (budget.inputs["scope"], budget.inputs["amount"]) == ("group-id", 150)
    assert budget.options["ignoreChanges"] == ["timePeriod"]
    told = [(n["thresholdType"], n["threshold"]) for n in budget.inputs["notifications"].values()]
    assert sorted(told) == [("Actual", 80), ("Actual", 100), ("Forecasted", 100)]


def test_it_counts_from_the_first_of_a_month() -> None:
    assert first_of_month(datetime.datetime(2026, 11, 29, tzinfo=datetime.UTC)) == "2026-11-01T00:00:00Z"


def test_without_a_sum_there_is_none() -> None:
    assert not run_stack("azure").all(BUDGET)
