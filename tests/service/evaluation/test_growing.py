"""Log loss and calibration error as metrics with a floor: 0 is what always saying the shares gives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import log_loss

from service.evaluation.growing import add_growing, measure_prior_loss
from service.evaluation.intervals import Estimate, Interval
from service.evaluation.metrics import Measure

TRUTH = np.array([0] * 30 + [1] * 60 + [2] * 10)


def _estimate(value: float, low: float, high: float) -> Estimate:
    return Estimate(Measure(value), Interval(low, high, "some"))


def test_always_saying_the_shares_has_no_skill() -> None:
    shares = np.tile([0.3, 0.6, 0.1], (100, 1))
    prior = log_loss(TRUTH, shares)
    assert measure_prior_loss(TRUTH) == pytest.approx(prior)
    found = add_growing({"log_loss": _estimate(prior, prior, prior)}, TRUTH)["log_loss_skill"]
    assert found.measure.value == pytest.approx(0.0)


def test_an_interval_is_turned_round() -> None:
    prior = measure_prior_loss(TRUTH)
    said = {"log_loss": _estimate(prior / 2, prior / 4, 2 * prior), "calibration_error": _estimate(0.04, 0.02, 0.1)}
    found = add_growing(said, TRUTH)
    skill, calibration = found["log_loss_skill"], found["calibration"]
    assert (skill.measure.value, skill.interval.low, skill.interval.high) == pytest.approx((0.5, -1.0, 0.75))
    assert (calibration.measure.value, calibration.interval.low, calibration.interval.high) == pytest.approx(
        (0.96, 0.9, 0.98)
    )
    assert skill.interval.method == "some"
    assert found["log_loss"] is said["log_loss"]


def test_rows_of_one_class_leave_nothing_to_be_better_than() -> None:
    found = add_growing({"log_loss": _estimate(0.1, 0.05, 0.2)}, np.zeros(5, dtype=np.intp))["log_loss_skill"]
    assert math.isnan(found.measure.value)
    assert "one class" in found.measure.note


def test_what_was_not_measured_is_not_turned() -> None:
    assert add_growing({}, TRUTH) == {}
