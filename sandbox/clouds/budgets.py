"""Budgets of every cloud: each threshold becomes an alarm on the bill that `sandbox.alarms.bills` lets grow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.alarms.rule import AlarmRule, Condition, Measure
from sandbox.clouds.store import Resource

NOT_SIMULATED = (
    "bills but of sites, whose is what `outlast cost` reckons for the stack's file at the load of the last minutes; "
    "that a real bill is hours late, and a forecast needs weeks of it: here both are of this minute; the month begins "
    "with the first budget, and is over after 730 hours of the clock"
)


@dataclass(frozen=True)
class Threshold:
    """One: told once more than so many USD are spent, or expected to be by the end of the month."""

    usd: float
    expected: bool
    told: tuple[str, ...]


def budget_rules(r: Resource, name: str, limit: float, thresholds: Iterable[Threshold]) -> list[AlarmRule]:
    """An alarm for each threshold of a budget over `limit` USD. A budget writes once, and not that it is over."""
    return [_rule(r, name, limit, number, threshold) for number, threshold in enumerate(thresholds)]


def _rule(r: Resource, name: str, limit: float, number: int, threshold: Threshold) -> AlarmRule:
    series, words = ("expected", "are expected by the end of") if threshold.expected else ("spent", "are spent in")
    measure = Measure(series, r.key, "maximum")
    condition = Condition((("value", measure),), "value", 60, 1, 1, ">", threshold.usd, missing="ignore")
    about = f"More than {threshold.usd:,.2f} USD {words} the month; the budget is {limit:,.2f}."
    named = f"{name}-{series}-{threshold.usd:g}"
    return AlarmRule(f"{r.key}#{number}", r.stack, named, about, (condition,), told=threshold.told)
