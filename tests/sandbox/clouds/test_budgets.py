"""A budget's thresholds are alarms over its bill, on every cloud the same; and what each cloud's API refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sandbox.alarms.rule import Measure
from sandbox.clouds.aws import budgets as aws
from sandbox.clouds.azure import budgets as azure
from sandbox.clouds.gcp import budgets as gcp
from sandbox.clouds.store import Resource
from sandbox.clouds.world import World
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds, Made

Make = Callable[[Clouds], Made]
Billed = Callable[[World], Mapping[str, tuple[str, ...]]]
EVERY = [
    pytest.param(sites.aws_budget, aws.billed, "aws", id="aws"),
    pytest.param(sites.azure_budget, azure.billed, "azure", id="azure"),
    pytest.param(sites.gcp_budget, gcp.billed, "gcp", id="gcp"),
]


@pytest.mark.parametrize(("make", "billed", "stack"), EVERY)
def test_what_is_spent_and_what_is_expected_are_an_alarm_each(
    clouds: Clouds, make: Make, billed: Billed, stack: str
) -> None:
    made = make(clouds)
    spent, expected = clouds.effects().alarms
    ((budget, stacks),) = billed(clouds.world).items()
    assert stack in stacks and budget.endswith(made.id)
    for rule, series, usd in ((spent, "spent", 40), (expected, "expected", 50)):
        (condition,) = rule.conditions
        assert condition.measures == (("value", Measure(series, budget, "maximum")),)
        assert (condition.comparison, condition.threshold) == (">", pytest.approx(usd))
        assert (rule.told, rule.told_end, rule.stack) == ((sites.ADDRESS,), (), stack)
    assert "site-month" in spent.name and spent.key != expected.key
    assert spent.about == "More than 40.00 USD are spent in the month; the budget is 50.00."
    assert "are expected by the end of the month" in expected.about


def test_a_site_elsewhere_is_not_billed_to_the_account_that_has_its_records(clouds: Clouds) -> None:
    sites.aws_budget(clouds)
    for type_, stack in (("aws:route53/record:Record", "azure"), ("aws:ec2/vpc:Vpc", "aws-eu")):
        clouds.world.store.put(Resource(type_, "one", f"urn:pulumi:{stack}::outlast::{type_}::one", {}, {}, id=stack))
    assert [*aws.billed(clouds.world).values()] == [("aws", "aws-eu")]


def test_a_budget_of_azure_looks_at_its_own_group_alone(clouds: Clouds) -> None:
    sites.aws_site(clouds)
    sites.azure_budget(clouds)
    assert [*azure.billed(clouds.world).values()] == [("azure",)]


def test_a_label_leaves_out_what_has_it_not(clouds: Clouds) -> None:
    budget = sites.gcp_budget(clouds)
    clouds.change(budget, budgetFilter={"labels": {"site": "gcp"}})
    assert [*gcp.billed(clouds.world).values()] == [()]
    clouds.only("gcp:cloudrunv2/service:Service").inputs["labels"] = {"site": "gcp"}
    assert [*gcp.billed(clouds.world).values()] == [("gcp",)]


def test_a_topic_is_read_by_its_subscriptions_and_a_sum_is_as_good_as_a_share(clouds: Clouds) -> None:
    budget = sites.aws_budget(clouds)
    topic = clouds.make(sites.TOPIC, name="bills")
    clouds.make(sites.SUBSCRIPTION, topic=topic.id, protocol="email", endpoint="bills@example.com")
    look = {
        "comparisonOperator": "GREATER_THAN",
        "notificationType": "ACTUAL",
        "threshold": 12.5,
        "thresholdType": "ABSOLUTE_VALUE",
        "subscriberSnsTopicArns": [topic.id],
    }
    clouds.change(budget, notifications=[look, {**look, "comparisonOperator": "LESS_THAN"}])
    (rule,) = clouds.effects().alarms
    assert (rule.told, rule.conditions[0].threshold) == (("bills@example.com",), 12.5)


def mistakes(clouds: Clouds, type_: str, **changed: Any) -> str:
    made = clouds.only(type_)
    inputs = {**made.inputs, **changed}
    found = clouds.clouds.check(clouds.request(type_, "one", inputs, stack=made.stack))
    return "; ".join(f"{path}: {why}" for path, why in found)


LOOK = {"enabled": True, "operator": "GreaterThan", "threshold": 80, "contactEmails": [sites.ADDRESS]}
SPENT = {
    "comparisonOperator": "GREATER_THAN",
    "notificationType": "ACTUAL",
    "threshold": 80,
    "thresholdType": "PERCENTAGE",
    "subscriberEmailAddresses": [sites.ADDRESS],
}


@pytest.mark.parametrize(
    ("make", "type_", "changed", "told"),
    [
        (sites.aws_budget, sites.AWS_BUDGET, {"limitAmount": "-5"}, "limitAmount: '-5' is not"),
        (sites.aws_budget, sites.AWS_BUDGET, {"limitUnit": "EUR"}, "limitUnit"),
        (sites.aws_budget, sites.AWS_BUDGET, {"name": "a:b"}, "name: 'a:b' is not"),
        (sites.aws_budget, sites.AWS_BUDGET, {"notifications": [SPENT, SPENT]}, "DuplicateRecordException"),
        (
            sites.aws_budget,
            sites.AWS_BUDGET,
            {"notifications": [{**SPENT, "threshold": n} for n in range(11)]},
            "CreationLimitExceededException: a budget has 10",
        ),
        (
            sites.aws_budget,
            sites.AWS_BUDGET,
            {"notifications": [{**SPENT, "subscriberEmailAddresses": []}]},
            "at least one subscriber",
        ),
        (sites.azure_budget, sites.AZURE_BUDGET, {"amount": 0}, "amount: 0"),
        (sites.azure_budget, sites.AZURE_BUDGET, {"notifications": dict.fromkeys("abcdef", LOOK)}, "5 notifications"),
        (
            sites.azure_budget,
            sites.AZURE_BUDGET,
            {"notifications": {"a": {**LOOK, "threshold": 1001}}},
            "notifications.a.threshold: 400: 1001 is not between 0 and 1000",
        ),
        (
            sites.azure_budget,
            sites.AZURE_BUDGET,
            {"notifications": {"a": {**LOOK, "contactEmails": []}}},
            "at least one contact email",
        ),
        (
            sites.azure_budget,
            sites.AZURE_BUDGET,
            {"notifications": {"a": {**LOOK, "contactEmails": ["nobody"]}}},
            "'nobody' is not a valid email address",
        ),
        (
            sites.azure_budget,
            sites.AZURE_BUDGET,
            {"timePeriod": {"startDate": "2026-11-02T00:00:00Z"}},
            "Start date must be the first of the month",
        ),
        (
            sites.azure_budget,
            sites.AZURE_BUDGET,
            {"timePeriod": {"startDate": "2099-01-01T00:00:00Z"}},
            "should not be more than 12 months",
        ),
        (
            sites.azure_budget,
            sites.AZURE_BUDGET,
            {"timePeriod": {"startDate": "2026-11-01", "endDate": "2026-11-01"}},
            "must be before the end date",
        ),
        (sites.azure_budget, sites.AZURE_BUDGET, {"timePeriod": {"startDate": "soon"}}, "'soon' is not a date"),
        (sites.gcp_budget, sites.GCP_BUDGET, {"billingAccount": "ours"}, "billingAccount: 'ours' is not"),
        (sites.gcp_budget, sites.GCP_BUDGET, {"amount": {}}, "exactly one of specifiedAmount"),
        (
            sites.gcp_budget,
            sites.GCP_BUDGET,
            {"budgetFilter": {"labels": {"site": "a", "stack": "b"}}},
            "a filter takes one label",
        ),
        (
            sites.gcp_budget,
            sites.GCP_BUDGET,
            {"allUpdatesRule": {"monitoringNotificationChannels": list("abcdef")}},
            "are 6, and 5 are allowed",
        ),
        (sites.gcp_budget, sites.GCP_BUDGET, {"allUpdatesRule": {}}, "neither a notification channel nor a topic"),
    ],
)
def test_what_the_apis_refuse(clouds: Clouds, make: Make, type_: str, changed: dict[str, Any], told: str) -> None:
    make(clouds)
    assert mistakes(clouds, type_) == ""
    assert told in mistakes(clouds, type_, **changed)
