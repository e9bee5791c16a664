"""Mean losses and calibration error: intervals that hold the value, cover the truth and know what was not seen."""

from __future__ import annotations

import numpy as np
import pytest

from service.evaluation.intervals import bound_losses
from service.evaluation.losses import bound_calibration, bound_mean_loss
from service.evaluation.metrics import Evaluation


def _draw(rng: np.random.Generator, n: int, *, apart: float, sure: float = 1.0) -> Evaluation:
    positive = rng.random(n) < 0.3
    odds = sure * (np.log(0.3 / 0.7) + apart * rng.normal(apart * positive, 1.0) - apart**2 / 2)
    said = 1 / (1 + np.exp(-odds))
    return Evaluation(positive.astype(int), np.column_stack([1 - said, said]), classes=["no", "yes"], positive="yes")


@pytest.mark.parametrize("sure", [0.7, 1.0, 1.6])
def test_the_intervals_cover_what_they_say_whether_or_not_the_model_is_calibrated(sure: float) -> None:
    rng = np.random.default_rng(8)
    truth = {name: m.value for name, m in _draw(rng, 200_000, apart=1.8, sure=sure).measure().items()}
    held = dict.fromkeys(("log_loss", "brier", "calibration_error"), 0)
    for _ in range(60):
        found = bound_losses(_draw(rng, 150, apart=1.8, sure=sure))
        for name in held:
            held[name] += found[name].low <= truth[name] <= found[name].high
    assert min(held.values()) >= 0.9 * 60, held


def test_a_sure_model_without_a_mistake_may_still_make_one() -> None:
    sure = np.eye(2)[[0, 1] * 50]
    losses = -np.log(np.clip(sure, 1e-15, 1.0))
    low, high = bound_mean_loss(np.zeros(100), losses, sure)
    assert low == 0.0
    assert high > 0.5, "one mistake in a hundred would cost 0.35"


def test_an_interval_of_a_loss_holds_it_and_narrows_with_rows() -> None:
    rng = np.random.default_rng(3)
    widths = []
    for n in (100, 1000, 10_000):
        evaluation = _draw(rng, n, apart=1.5)
        interval, value = bound_losses(evaluation)["log_loss"], evaluation.measure()["log_loss"].value
        assert interval.low < value < interval.high
        widths.append(interval.high - interval.low)
    assert widths == sorted(widths, reverse=True)


def test_gaps_that_noise_alone_would_leave_may_be_none() -> None:
    low, high = bound_calibration([0.01, -0.012, 0.008], np.full(3, 0.01**2))
    assert low == 0.0
    assert 0.03 <= high < 0.08
    clear = bound_calibration([0.2, -0.1, 0.0], np.full(3, 0.01**2))
    assert 0.25 < clear[0] < 0.3 < clear[1] < 0.34
    assert bound_calibration([0.2, 0.0], np.zeros(2)) == (0.2, 0.2)
