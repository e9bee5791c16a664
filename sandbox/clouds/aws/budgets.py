"""AWS Budgets: what is billed to the whole account, told before and when it is too much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sandbox.alarms.rule import AlarmRule
from sandbox.clouds.aws.alarms import read_by
from sandbox.clouds.aws.common import account_of, own_name
from sandbox.clouds.budgets import NOT_SIMULATED, Threshold, budget_rules
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import TERRAFORM_AWS, Mistake, OneOf, Range, Text, because, values_at
from sandbox.clouds.store import Resource
from sandbox.clouds.values import Values
from sandbox.clouds.world import World

BUDGET = "aws:budgets/budget:Budget"

_MOST, _RECORDS = 10, "aws:route53/"


def rules_of_budgets(world: World) -> list[AlarmRule]:
    """Every threshold that is exceeded from below, as it is evaluated."""
    return [
        rule
        for r in world.store.all(BUDGET)
        for rule in budget_rules(r, own_name(r), _limit(r), _thresholds(world, r, _limit(r)))
    ]


def billed(world: World) -> Mapping[str, tuple[str, ...]]:
    """Budget -> the stacks that run something in its account: a site elsewhere has its records there alone."""
    return {r.key: _stacks_of(world, account_of(r)) for r in world.store.all(BUDGET)}


def _stacks_of(world: World, account: str) -> tuple[str, ...]:
    ours = (one for one in world.store.all() if one.type.startswith("aws:") and not one.type.startswith(_RECORDS))
    return tuple(dict.fromkeys(one.stack for one in ours if account_of(one) == account))


def _limit(r: Resource) -> float:
    return float(r.inputs.get("limitAmount") or 0)


def _thresholds(world: World, r: Resource, limit: float) -> Iterator[Threshold]:
    for one in r.inputs.get("notifications") or []:
        if one.get("comparisonOperator") == "GREATER_THAN":
            whole = limit / 100 if one.get("thresholdType") == "PERCENTAGE" else 1.0
            told = (*(one.get("subscriberEmailAddresses") or ()), *read_by(world, one.get("subscriberSnsTopicArns")))
            yield Threshold(float(one["threshold"]) * whole, one.get("notificationType") == "FORECASTED", told)


def _notifications(inputs: Values) -> Iterator[Mistake]:
    """AWS Budgets API, CreateBudget: at most ten notifications, each of them once and with somebody to read it."""
    given = [one for _, one in values_at(inputs, "notifications[]") if isinstance(one, dict)]
    if len(given) > _MOST:
        yield "notifications", f"CreationLimitExceededException: a budget has {_MOST} notifications at most"
    looks = [tuple(one.get(name) for name in _LOOK) for one in given]
    for position, one in enumerate(given):
        where = f"notifications[{position}]"
        if looks[position] in looks[:position]:
            yield where, "DuplicateRecordException: the notification already exists"
        if not one.get("subscriberEmailAddresses") and not one.get("subscriberSnsTopicArns"):
            yield where, "InvalidParameterException: a notification has at least one subscriber"


_LOOK = ("comparisonOperator", "notificationType", "threshold", "thresholdType")
_API = "AWS Budgets API, CreateBudget"
_MAIL = Text(320, r"[^@\s]+@[^@\s]+\.[^@\s]+", "AWS Budgets API, Subscriber.Address")

declare(
    BUDGET,
    fidelity=Fidelity.SIMULATED,
    effect="its thresholds are looked at each simulated minute, and written for their addresses into the file that "
    "`outlast status` names",
    not_simulated=f"{NOT_SIMULATED}; filters, budgets but of cost, months that differ, actions",
    id_of=lambda world, r: f"{account_of(r)}:{own_name(r)}",
    outputs=lambda world, r: {
        "accountId": account_of(r),
        "arn": f"arn:aws:budgets::{account_of(r)}:budget/{own_name(r)}",
        "name": own_name(r),
    },
    limits={
        "name": Text(100, r"[^:\\]+", f"{_API}.BudgetName"),
        "budgetType": OneOf(("COST",), "the sandbox has no other type"),
        "timeUnit": OneOf(("MONTHLY",), "the sandbox has no other unit"),
        "limitAmount": Text(None, r"([0-9]*\.)?[0-9]+", f"{_API}, Spend.Amount"),
        "limitUnit": OneOf(("USD",), "AWS Budgets: the unit of a budget of cost"),
        "notifications[].comparisonOperator": OneOf(("GREATER_THAN", "LESS_THAN", "EQUAL_TO"), f"{_API}, Notification"),
        "notifications[].notificationType": OneOf(("ACTUAL", "FORECASTED"), f"{_API}, Notification"),
        "notifications[].threshold": Range(0, 15_000_000_000_000, f"{_API}, Notification.Threshold"),
        "notifications[].thresholdType": OneOf(("PERCENTAGE", "ABSOLUTE_VALUE"), f"{_API}, Notification"),
        "notifications[].subscriberEmailAddresses[]": _MAIL,
    },
    combinations=(_notifications,),
    forces_new=because(f"{TERRAFORM_AWS}/budgets/budget.go", "name", "namePrefix", "accountId"),
)
