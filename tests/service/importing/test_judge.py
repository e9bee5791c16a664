"""An imported model predicts as it did, and is held to the same gate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service.errors import InvalidInput, ReleaseRefused
from service.importing.judge import Judged, choose_positive, choose_threshold, judge, refuse_verdict
from service.training.draft import draft_problem
from service.training.export import Parity
from service.training.problem import parse_problem

CLASSES = ("no", "yes")
SHARES = np.array([[0.9, 0.1], [0.65, 0.35], [0.55, 0.45], [0.2, 0.8]])


def _labels(*names: str) -> np.ndarray:
    return np.array(names, dtype=object)


def test_the_rarer_class_is_the_positive_one_unless_another_is_asked_for() -> None:
    truth = _labels("yes", "yes", "no")
    assert choose_positive(CLASSES, None, truth) == "no"
    assert choose_positive(CLASSES, "yes", truth) == "yes"
    assert choose_positive(("a", "b", "c"), None, truth) is None
    with pytest.raises(InvalidInput, match="the positive class 'maybe' is not one of the model's"):
        choose_positive(CLASSES, "maybe", truth)


def test_the_models_own_threshold_is_found() -> None:
    half = choose_threshold(CLASSES, "yes", SHARES, _labels("no", "no", "no", "yes"), None)
    assert half.thresholds == {"yes": 0.5}
    low = choose_threshold(CLASSES, "yes", SHARES, _labels("no", "yes", "yes", "yes"), None)
    assert low.thresholds["yes"] == pytest.approx(0.225)
    assert "the model itself predicts yes from a probability of 0.225" in low.why
    assert choose_threshold(CLASSES, "yes", SHARES, None, None).thresholds == {"yes": 0.5}
    assert choose_threshold(CLASSES, "yes", SHARES, None, 0.3).thresholds == {"yes": 0.3}


def test_labels_that_no_threshold_gives_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"do not follow from its probabilities: 2 of 4 rows at 0\.5") as caught:
        choose_threshold(CLASSES, "yes", SHARES, _labels("yes", "no", "no", "no"), None)
    assert "--threshold 0.5" in caught.value.hint


def test_many_classes_have_no_threshold() -> None:
    assert choose_threshold(("a", "b", "c"), None, SHARES, None, None).thresholds == {}
    with pytest.raises(InvalidInput, match="--threshold is for two classes"):
        choose_threshold(("a", "b", "c"), None, SHARES, None, 0.5)


def _judge(right: bool, **more: Any) -> Judged:
    rng = np.random.default_rng(0)
    true = rng.integers(0, 2, 400)
    score = np.clip(0.5 + (true - 0.5) * (0.7 if right else -0.7) + rng.normal(0, 0.1, 400), 0.01, 0.99)
    truth = np.array(CLASSES, dtype=object)[true]
    problem = parse_problem(draft_problem("loans", "y", truth.tolist()), name="loans")
    shares = np.column_stack([1 - score, score])
    threshold = choose_threshold(CLASSES, "yes", shares, None, None)
    return judge(
        problem,
        CLASSES,
        truth,
        shares,
        positive="yes",
        threshold=threshold,
        parity=Parity(400, 1e-7, 0, 1e-5),
        released=None,
        resamples=50,
        **more,
    )


def test_metrics_and_verdict_are_of_the_tables_rows() -> None:
    judged = _judge(right=True)
    assert judged.verdict.passed
    refuse_verdict(judged, CLASSES)
    assert {"auc", "log_loss", "expected_cost", "recall[no]"} <= set(judged.to_metrics()["judged"])


def test_a_model_worse_than_guessing_contradicts_its_table() -> None:
    with pytest.raises(ReleaseRefused, match=r"is below guessing, 0\.500: it contradicts its table") as caught:
        refuse_verdict(_judge(right=False), CLASSES)
    assert "--classes yes,no" in caught.value.hint


def test_of_labels_alone_no_metric_of_probabilities_is_shown() -> None:
    shown = _judge(right=True, has_probabilities=False).selected
    assert "accuracy" in shown
    assert not {name for name in shown if "auc" in name or "loss" in name}


def test_predicted_classes_may_be_given() -> None:
    judged = _judge(right=True, predicted=np.array(["yes"] * 400, dtype=object))
    assert judged.measured.estimates["recall"].measure.value == 1
