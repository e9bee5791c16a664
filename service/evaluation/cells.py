"""How the report and the model card write numbers, estimates and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.evaluation.intervals import Estimate
from service.pages.page import Cell


def show_number(value: float | None) -> str:
    """Four decimals, one where the number is large; n/a where it is not defined."""
    if value is None or value != value:
        return "n/a"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.1f}"


def show_estimate(estimate: Estimate) -> Cell:
    """A metric's value over its interval; a note, where there is one, under an asterisk."""
    low, high = show_number(estimate.interval.low), show_number(estimate.interval.high)
    return Cell(show_number(estimate.measure.value), low, high, note=estimate.measure.note)


def show_interval(text: str, low: float, high: float) -> Cell:
    """A value over its interval."""
    return Cell(text, show_number(low), show_number(high))


def mark(text: str, *, good: bool) -> Cell:
    """Words in the colour of what is as it should be, or is not."""
    return Cell(text, tone="good" if good else "bad")


def show_parameters(parameters: Mapping[str, Any]) -> str:
    """An algorithm's parameters in words."""
    return ", ".join(f"{name} = {value}" for name, value in parameters.items()) or "none"


def name_metric(metric: str) -> str:
    """A metric's name in words."""
    return metric.replace("_", " ")
