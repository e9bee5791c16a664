"""Worse is what is so beyond a month's doubt; the cause decides whether it is called shift."""

from __future__ import annotations

import numpy as np
import pytest

from service.evaluation.intervals import Estimate, Interval
from service.evaluation.metrics import Measure
from service.offline.comparing import find_worse

RELEASED = {
    "auc": {"value": 0.98, "low": 0.96, "high": 0.99},
    "log_loss": {"value": 0.1, "low": 0.08, "high": 0.12},
    "calibration_error": {"value": 0.02, "low": 0.0, "high": 0.03},
    "mcc": {"value": None, "low": None, "high": None},
}


def _live(**values: tuple[float, float, float]) -> dict[str, Estimate]:
    return {name: Estimate(Measure(v), Interval(low, high, "score")) for name, (v, low, high) in values.items()}


def test_a_gap_must_be_beyond_the_level_that_is_asked_for() -> None:
    live = _live(auc=(0.9, 0.87, 0.93), log_loss=(0.2, 0.16, 0.25))
    for level, worse in ((0.025, ["auc", "log_loss"]), (1e-12, [])):
        assert [s.metric for s in find_worse(live, RELEASED, window="all rows", level=level)] == worse
    better = _live(auc=(0.999, 0.998, 1.0), log_loss=(0.01, 0.005, 0.02))
    assert find_worse(better, RELEASED, window="all rows", level=0.025) == []


def test_what_says_nothing_is_not_compared() -> None:
    live = _live(calibration_error=(0.5, 0.4, 0.6), mcc=(0.1, 0.0, 0.2), accuracy=(0.1, 0.0, 0.2))
    assert find_worse(live, RELEASED, window="all rows", level=0.025) == []


@pytest.mark.parametrize(("name", "metric", "label"), [("recall[8]", "recall", "8"), ("f1", "f1", "")])
def test_a_class_is_named(name: str, metric: str, label: str) -> None:
    released = {name: {"value": 0.95, "low": 0.93, "high": 0.97}}
    live = {name: Estimate(Measure(0.5), Interval(0.45, 0.55, "exact"))}
    (worse,) = find_worse(live, released, window="window 1", level=0.01)
    assert (worse.metric, worse.class_name, worse.window) == (metric, label, "window 1")
    assert np.isfinite(worse.live).all()
