"""What a model's probabilities meant at release: the curve, the strata, and the mistakes to expect of other rows."""

from __future__ import annotations

import numpy as np
import pytest

from service.evaluation.metrics import Evaluation
from service.evaluation.reliability import describe_reliability, expect_mistakes, fit_curve


def _answers(seed: int, n: int, *, sure: float = 1.0, moved: float = 0.0) -> Evaluation:
    rng = np.random.default_rng(seed)
    odds = rng.normal(moved, 2.0, n)
    truth = rng.random(n) < 1 / (1 + np.exp(-odds))
    said = 1 / (1 + np.exp(-sure * odds))
    return Evaluation(truth.astype(int), np.column_stack([1 - said, said]), classes=["no", "yes"], positive="yes")


def test_the_curve_of_a_calibrated_model_is_the_diagonal_and_of_a_too_sure_one_flatter() -> None:
    for sure, slope in ((1.0, 1.0), (2.0, 0.5)):
        answers = _answers(1, 4000, sure=sure)
        curve, covariance = fit_curve(answers.probabilities[:, 1], answers.truth == 1)
        assert curve == pytest.approx([0.0, slope], abs=0.12)
        assert 0 < covariance[0, 0] < 0.01


def test_rows_parted_perfectly_still_have_a_curve() -> None:
    curve, _ = fit_curve([1e-9, 0.01, 0.99, 1.0], [False, False, True, True])
    assert np.isfinite(curve).all()
    assert curve[1] > 0.5


@pytest.mark.parametrize("moved", [0.0, 2.5])
def test_the_mistakes_expected_are_those_made_wherever_the_inputs_moved(moved: float) -> None:
    kept = describe_reliability(_answers(2, 1500))
    live = _answers(3, 3000, moved=moved)
    wrong, variance = expect_mistakes(kept, live.probabilities, live.predicted, live.positive)
    made = (live.predicted != live.truth).sum()
    assert abs(wrong.sum() - made) < 3 * np.sqrt(made + variance)


def test_every_row_is_counted_once_by_its_class_and_its_answer() -> None:
    answers = _answers(4, 300)
    assert describe_reliability(answers)["counts"] == answers.confusion.tolist()
    many = Evaluation([0, 1, 2, 2], np.eye(3)[[0, 1, 2, 0]], classes=["a", "b", "c"])
    assert describe_reliability(many)["counts"] == many.confusion.tolist()
    assert len(describe_reliability(many)["curve"]) == 2
