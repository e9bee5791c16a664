"""How numbers, estimates and parameters are written."""

from __future__ import annotations

import pytest

from service.evaluation.cells import mark, name_metric, show_estimate, show_interval, show_number, show_parameters
from service.evaluation.intervals import Estimate, Interval
from service.evaluation.notes import Measure
from service.pages.page import Cell


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.5000"),
        (-0.12345, "-0.1235"),
        (9.99994, "9.9999"),
        (10.0, "10.0"),
        (568.4524, "568.5"),
        (None, "n/a"),
        (float("nan"), "n/a"),
    ],
)
def test_a_number_has_four_decimals_and_a_large_one_has_one(value: float | None, text: str) -> None:
    assert show_number(value) == text


def test_an_estimate_keeps_its_interval_and_its_note() -> None:
    estimate = Estimate(Measure(0.5, "of 3 rows"), Interval(0.25, 1.0, "wilson"))
    assert show_estimate(estimate) == Cell("0.5000", "0.2500", "1.0000", note="of 3 rows")
    assert show_interval("+0.1", -0.2, 0.4) == Cell("+0.1", "-0.2000", "0.4000")


def test_words() -> None:
    assert mark("holds", good=True).tone == "good"
    assert mark("does not hold", good=False).tone == "bad"
    assert show_parameters({"C": 0.3, "penalty": "l2"}) == "C = 0.3, penalty = l2"
    assert show_parameters({}) == "none"
    assert name_metric("balanced_accuracy") == "balanced accuracy"
