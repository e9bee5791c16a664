"""What a stack's file says of alarms and budgets: who is told, and of what a month may cost. Pure."""

from __future__ import annotations

from infra.alerts import ADDRESS
from infra.settings.reader import Reader, like

BUDGET = "monthlyBudgetUsd"


def read_address(reader: Reader) -> str:
    """Who is told of alarms; "" where nobody is."""
    return reader.text(ADDRESS, "", check=like(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an address, such as ops@example.com"))


def read_budget(reader: Reader) -> float | None:
    """What the cloud of a site may bill in a month before somebody is told; None where nobody asked."""
    budget = reader.number(BUDGET, 1, 10_000_000, 1)
    if not reader.is_given(BUDGET):
        return None
    if not reader.is_given(ADDRESS):
        reader.wrong(BUDGET, "is given, but nobody would be told", f"write outlast:{ADDRESS} as well")
    return budget
