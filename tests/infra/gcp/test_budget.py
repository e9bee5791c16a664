from __future__ import annotations

import pulumi
import pytest

from tests.infra.harness import run_stack

BUDGET, ACCOUNT = "gcp:billing/budget:Budget", "012345-6789AB-CDEF01"


def test_what_has_the_sites_label_is_counted_and_the_channel_of_the_alarms_is_told() -> None:
    run = run_stack("gcp", monthlyBudgetUsd=150, billingAccount=ACCOUNT)
    budget = run.one(BUDGET).inputs
    assert run.problems == []
    assert budget["amount"]["specifiedAmount"] == {"currencyCode": "USD", "units": "150"}
    assert "api-billingbudgets" in run.all("gcp:projects/service:Service")
    assert any(one.endswith("::api-billingbudgets") for one in run.one(BUDGET).options["dependsOn"])
    assert budget["budgetFilter"] == {"calendarPeriod": "MONTH", "labels": {"site": "gcp"}}
    told = [(r["spendBasis"], r["thresholdPercent"]) for r in budget["thresholdRules"]]
    assert told == [("CURRENT_SPEND", 0.8), ("CURRENT_SPEND", 1), ("FORECASTED_SPEND", 1)]
    assert budget["allUpdatesRule"]["monitoringNotificationChannels"] == ["alerts-id"]


def test_without_a_billing_account_there_is_none_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    assert not run_stack("gcp", monthlyBudgetUsd=150).all(BUDGET)
    assert [text for text in said if "outlast:billingAccount into stacks/Pulumi.gcp.yaml" in text]


def test_without_a_sum_there_is_none() -> None:
    run = run_stack("gcp", billingAccount=ACCOUNT)
    assert not run.all(BUDGET) and "api-billingbudgets" not in run.all("gcp:projects/service:Service")


def test_cents_are_not_lost() -> None:
    budget = run_stack("gcp", monthlyBudgetUsd=150.5, billingAccount=ACCOUNT).one(BUDGET).inputs
    assert budget["amount"]["specifiedAmount"] == {"currencyCode": "USD", "units": "150", "nanos": 500_000_000}
