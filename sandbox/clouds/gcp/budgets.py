"""Cloud Billing budgets: what is billed to an account for what has a label, told before and when it is too much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sandbox.alarms.rule import AlarmRule
from sandbox.clouds.budgets import NOT_SIMULATED, Threshold, budget_rules
from sandbox.clouds.gcp.alarms import CHANNEL, read_by
from sandbox.clouds.gcp.common import needs_api
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.references import exists
from sandbox.clouds.rules import Mistake, OneOf, Range, Text, because, is_given
from sandbox.clouds.store import Resource
from sandbox.clouds.values import Values, hex_id, nested
from sandbox.clouds.world import World

BUDGET = "gcp:billing/budget:Budget"

_MOST_CHANNELS = 5


def rules_of_budgets(world: World) -> list[AlarmRule]:
    """Every threshold of a sum that is said, as it is evaluated."""
    return [
        rule
        for r in world.store.all(BUDGET)
        for rule in budget_rules(r, str(r.inputs.get("displayName") or r.name), _amount(r), _thresholds(world, r))
    ]


def billed(world: World) -> Mapping[str, tuple[str, ...]]:
    """Budget -> the stacks that have something with its label; without one, whatever is on Google Cloud."""
    return {r.key: _stacks_of(world, nested(r.inputs, "budgetFilter", "labels") or {}) for r in world.store.all(BUDGET)}


def _stacks_of(world: World, label: Values) -> tuple[str, ...]:
    labelled = (one for one in world.store.all() if one.type.startswith("gcp:") and _has(one, label))
    return tuple(dict.fromkeys(one.stack for one in labelled))


def _has(one: Resource, label: Values) -> bool:
    own = one.inputs.get("labels") or {}
    return all(own.get(key) == value for key, value in label.items())


def _amount(r: Resource) -> float:
    """As google.type.Money is written: whole units as a text, and billionths."""
    said = nested(r.inputs, "amount", "specifiedAmount") or {}
    return float(said.get("units") or 0) + float(said.get("nanos") or 0) / 1e9


def _thresholds(world: World, r: Resource) -> Iterator[Threshold]:
    told = read_by(world, nested(r.inputs, "allUpdatesRule", "monitoringNotificationChannels"))
    for one in r.inputs.get("thresholdRules") or []:
        expected = one.get("spendBasis") == "FORECASTED_SPEND"
        yield Threshold(_amount(r) * float(one["thresholdPercent"]), expected, told)


def _sum(inputs: Values) -> Iterator[Mistake]:
    """Cloud Billing Budget API, BudgetAmount: a sum that is said, or that of the period before; one of them."""
    amount = inputs.get("amount")
    if isinstance(amount, dict) and is_given(amount, "specifiedAmount") == is_given(amount, "lastPeriodAmount"):
        yield "amount", "exactly one of specifiedAmount and lastPeriodAmount must be given"


def _filter(inputs: Values) -> Iterator[Mistake]:
    """Cloud Billing Budget API, Filter.labels: "multiple entries or multiple values per entry are not allowed"."""
    labels = nested(inputs, "budgetFilter", "labels")
    if isinstance(labels, dict) and len(labels) > 1:
        yield "budgetFilter.labels", "Error 400: INVALID_ARGUMENT: a filter takes one label"


def _told(inputs: Values) -> Iterator[Mistake]:
    """Cloud Billing Budget API, NotificationsRule: at most five channels; hashicorp/terraform-provider-google: one."""
    rule = inputs.get("allUpdatesRule")
    if not isinstance(rule, dict):
        return
    given = rule.get("monitoringNotificationChannels")
    if isinstance(given, list) and len(given) > _MOST_CHANNELS:
        yield "allUpdatesRule.monitoringNotificationChannels", f"are {len(given)}, and {_MOST_CHANNELS} are allowed"
    if not is_given(rule, "monitoringNotificationChannels") and not is_given(rule, "pubsubTopic"):
        yield "allUpdatesRule", "has neither a notification channel nor a topic"


_API = "Cloud Billing Budget API, Budget"

declare(
    BUDGET,
    fidelity=Fidelity.SIMULATED,
    effect="its thresholds are looked at each simulated minute, and written for the addresses of its channels into the "
    "file that `outlast status` names",
    not_simulated=f"{NOT_SIMULATED}; filters but one label, the sum of the month before, topics, whoever has a role on "
    "the billing account, and whether that account exists",
    rules=(
        needs_api("billingbudgets"),
        exists(
            "allUpdatesRule.monitoringNotificationChannels[]",
            CHANNEL,
            "Error 400: INVALID_ARGUMENT: the notification channel '{}' does not exist",
            _API,
        ),
    ),
    id_of=lambda world, r: f"billingAccounts/{r.inputs['billingAccount']}/budgets/{hex_id(8)}-{hex_id(4)}-{hex_id(12)}",
    outputs=lambda world, r: {"name": r.id.rpartition("/")[2]},
    limits={
        "displayName": Text(60, r"[^\x00-\x1f]*", f"{_API}.displayName"),
        "billingAccount": Text(20, r"[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}", "Cloud Billing API, BillingAccount.name"),
        "amount.specifiedAmount.currencyCode": Text(3, r"[A-Z]{3}", "ISO 4217"),
        "amount.specifiedAmount.units": Text(19, r"\d+", "google.type.Money.units"),
        "amount.specifiedAmount.nanos": Range(0, 999_999_999, "google.type.Money.nanos"),
        "budgetFilter.calendarPeriod": OneOf(("MONTH",), "the sandbox has no other period"),
        "thresholdRules[].thresholdPercent": Range(0, 10**6, f"{_API}, ThresholdRule"),
        "thresholdRules[].spendBasis": OneOf(("CURRENT_SPEND", "FORECASTED_SPEND"), f"{_API}, ThresholdRule"),
    },
    combinations=(_sum, _filter, _told),
    not_known=("the words of each message",),
    forces_new=because("hashicorp/terraform-provider-google: ForceNew in google/services/billing", "billingAccount"),
)
