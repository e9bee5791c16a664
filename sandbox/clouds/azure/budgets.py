"""Microsoft.Consumption/budgets: what is billed to a resource group, told before and when it is too much."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping

from sandbox.alarms.rule import AlarmRule
from sandbox.clouds.azure.common import GROUP, tail
from sandbox.clouds.budgets import NOT_SIMULATED, Threshold, budget_rules
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.references import exists
from sandbox.clouds.rules import ID, Mistake, OneOf, Range, Text, because, is_known, values_at
from sandbox.clouds.store import Resource
from sandbox.clouds.values import Values, nested
from sandbox.clouds.world import World

BUDGET = "azure-native:consumption:Budget"

_MOST, _MOST_AHEAD = 5, 12


def rules_of_budgets(world: World) -> list[AlarmRule]:
    """Every threshold that is enabled and exceeded from below, as it is evaluated."""
    return [
        rule
        for r in world.store.all(BUDGET)
        for rule in budget_rules(r, tail(r), float(r.inputs["amount"]), _thresholds(r, float(r.inputs["amount"])))
    ]


def billed(world: World) -> Mapping[str, tuple[str, ...]]:
    """Budget -> the stacks that have something in its group."""
    return {r.key: _stacks_of(world, str(r.inputs.get("scope"))) for r in world.store.all(BUDGET)}


def _stacks_of(world: World, scope: str) -> tuple[str, ...]:
    found = (one.stack for one in world.store.all() if one.id.startswith(f"{scope}/"))
    return tuple(dict.fromkeys(found))


def _thresholds(r: Resource, amount: float) -> Iterator[Threshold]:
    for one in (r.inputs.get("notifications") or {}).values():
        if one.get("enabled") and str(one.get("operator")).startswith("GreaterThan"):
            expected = one.get("thresholdType") == "Forecasted"
            yield Threshold(amount * float(one["threshold"]) / 100, expected, tuple(one.get("contactEmails") or ()))


def _notifications(inputs: Values) -> Iterator[Mistake]:
    """Consumption API, Budgets: at most five notifications, each with an address, its threshold from 0 to 1000."""
    given = inputs.get("notifications")
    if not isinstance(given, dict):
        return
    if len(given) > _MOST:
        yield "notifications", f"400: a budget can have {_MOST} notifications at most"
    for name, one in given.items():
        if isinstance(one, dict):
            yield from ((f"notifications.{name}.{where}", why) for where, why in _wrong(one))


def _wrong(one: Values) -> Iterator[Mistake]:
    for where, threshold in values_at(one, "threshold"):
        if not 0 <= float(threshold) <= 1000:
            yield where, f"400: {threshold:g} is not between 0 and 1000"
    if not one.get("contactEmails") and not one.get("contactGroups"):
        yield "contactEmails", "400: at least one contact email or contact group must be specified"
    for where, address in values_at(one, "contactEmails[]"):
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", str(address)):
            yield where, f"400: {address!r} is not a valid email address"


def _begins(inputs: Values) -> Iterator[Mistake]:
    """Consumption API, BudgetTimePeriod: the first of a month, at most twelve months ahead, before the end."""
    start, end = nested(inputs, "timePeriod", "startDate"), nested(inputs, "timePeriod", "endDate")
    where = "timePeriod.startDate"
    if not is_known(start):
        return
    try:
        begins = datetime.date.fromisoformat(str(start)[:10])
    except ValueError:
        yield where, f"400: {start!r} is not a date"
        return
    today = datetime.datetime.now(datetime.UTC).date()
    if begins.day != 1:
        yield where, "400: Start date must be the first of the month"
    if (begins.year - today.year) * 12 + begins.month - today.month > _MOST_AHEAD:
        yield where, f"400: Future start date should not be more than {_MOST_AHEAD} months"
    if is_known(end) and str(end)[:10] <= str(start)[:10]:
        yield "timePeriod.endDate", "400: Start date must be before the end date"


_API, _TYPE = "Consumption API, Budgets", "Microsoft.Consumption/budgets"
_NO_GROUP = 'Code="ResourceGroupNotFound" Message="Resource group \'{}\' could not be found."'

declare(
    BUDGET,
    fidelity=Fidelity.SIMULATED,
    effect="its thresholds are looked at each simulated minute, and written for their addresses into the file that "
    "`outlast status` names",
    not_simulated=f"{NOT_SIMULATED}; filters, scopes but a resource group, action groups and roles",
    rules=(exists("scope", GROUP, _NO_GROUP, _API),),
    id_of=lambda world, r: f"{r.inputs['scope']}/providers/{_TYPE}/{r.inputs.get('budgetName') or r.name}",
    outputs=lambda world, r: {"name": tail(r), "type": _TYPE},
    limits={
        "budgetName": Text(63, r"[A-Za-z0-9_-]+", f"{_API}, budgetName"),
        "amount": Range(1, 10**12, f"{_API}, amount"),
        "category": OneOf(("Cost",), f"{_API}, category"),
        "timeGrain": OneOf(("Monthly",), "the sandbox has no other grain"),
    },
    combinations=(_notifications, _begins),
    not_known=("the words with which a start in an earlier month is refused, and whether it is",),
    forces_new=because(ID, "budgetName", "scope"),
)
