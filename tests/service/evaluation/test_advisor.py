"""The advisor finds the cheapest threshold, and names the metric that costs and classes ask for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.evaluation.advisor import (
    add_expected_cost,
    advise,
    choose_metric,
    cost_curve,
    decide_out_of_fold,
    expected_cost,
    find_threshold,
    measure_threshold,
)
from service.training.problem import Costs

ODD = st.floats(0.01, 100)


def _rows(seed: int, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    positive = rng.random(n) < 0.3
    positive[:2] = True, False
    return positive, np.round(1 / (1 + np.exp(-rng.normal(0, 1, n) - 2 * positive + 1)), 2)


def test_the_expected_loss_by_hand() -> None:
    """1,000 cases, 100 positive: 10 are missed at 5 each; 900 negative: 90 alarms at 1 each."""
    assert expected_cost(0.9, 0.9, Costs(1, 5), 0.1) == pytest.approx(10 * 5 + 90)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), ODD, ODD, st.floats(0.05, 0.95))
def test_no_threshold_is_cheaper_than_the_one_found(seed: int, fp: float, fn: float, prevalence: float) -> None:
    positive, scores = _rows(seed)
    costs = Costs(fp, fn)
    found = measure_threshold(positive, scores, find_threshold(positive, scores, costs, prevalence), costs, prevalence)
    every = [
        measure_threshold(positive, scores, t, costs, prevalence).cost_per_1000 for t in np.linspace(-0.01, 1.01, 205)
    ]
    assert found.cost_per_1000 <= min(every) + 1e-6


def test_the_curve_is_what_each_threshold_costs() -> None:
    positive, scores = _rows(4)
    thresholds, cost = cost_curve(positive, scores, Costs(1, 3), 0.2)
    for threshold, value in zip(thresholds, cost, strict=True):
        assert measure_threshold(positive, scores, threshold, Costs(1, 3), 0.2).cost_per_1000 == pytest.approx(value)


def test_dearer_misses_lower_the_threshold_and_raise_recall() -> None:
    positive, scores = _rows(7, 2000)
    found = [find_threshold(positive, scores, Costs(1, fn), 0.3) for fn in (0.2, 1, 5, 25)]
    assert found == sorted(found, reverse=True)
    points = [measure_threshold(positive, scores, t, Costs(1, 1), 0.3) for t in found]
    assert [p.recall for p in points] == sorted(p.recall for p in points)
    assert [p.specificity for p in points] == sorted((p.specificity for p in points), reverse=True)


def test_rarer_positives_raise_the_threshold() -> None:
    positive, scores = _rows(8, 2000)
    assert find_threshold(positive, scores, Costs(1, 5), 0.01) > find_threshold(positive, scores, Costs(1, 5), 0.5)


def test_a_row_is_decided_by_a_threshold_that_has_not_seen_it() -> None:
    positive, scores = _rows(9, 90)
    truth = positive.astype(np.intp)
    folds = np.array_split(np.arange(90), 3)
    decided = decide_out_of_fold(truth, scores, folds, Costs(1, 1), 0.3)
    flipped = truth.copy()
    flipped[folds[0]] = 1 - flipped[folds[0]]  # its own labels must not matter to a fold
    again = decide_out_of_fold(flipped, scores, folds, Costs(1, 1), 0.3)
    np.testing.assert_array_equal(decided[folds[0]], again[folds[0]])
    assert (decided[folds[1]] != again[folds[1]]).any(), "to the other folds they do"


@pytest.mark.parametrize(
    ("costs", "counts", "positive", "metric"),
    [
        (Costs(1, 5), {"no": 500, "yes": 400}, "yes", "expected_cost"),
        (Costs(5, 1), {"no": 500, "yes": 400}, "yes", "expected_cost"),
        (Costs(1, 1), {"no": 900, "yes": 100}, "yes", "average_precision"),
        (Costs(1, 1), {"no": 500, "yes": 400}, "yes", "accuracy"),
        (Costs(1, 1), {"a": 100, "b": 90, "c": 95}, None, "macro_f1"),
        (Costs(1, 1), {"a": 100, "b": 9, "c": 95}, None, "balanced_accuracy"),
    ],
)
def test_the_metric_follows_costs_and_classes(
    costs: Costs, counts: dict[str, int], positive: str | None, metric: str
) -> None:
    share = counts[positive] / sum(counts.values()) if positive else 0.0
    choice = choose_metric(costs, counts, positive=positive, prevalence=share)
    assert choice.metric == metric
    assert choice.why
    assert choice.hides


def test_advice_sets_the_best_threshold_beside_a_half_and_shows_the_tug_of_war() -> None:
    positive, scores = _rows(11, 500)
    shares = np.column_stack([1 - scores, scores])
    advice = advise(positive.astype(np.intp), shares, ["no", "yes"], Costs(1, 8), positive="yes", prevalence=None)
    assert advice.best is not None
    assert advice.half is not None
    assert advice.best.cost_per_1000 <= advice.half.cost_per_1000
    assert advice.theoretical == pytest.approx(1 / 9)
    thresholds = [p.threshold for p in advice.tug_of_war]
    assert thresholds == sorted(thresholds)
    assert {0.5, advice.best.threshold} <= set(thresholds)
    recalls = [p.recall for p in advice.tug_of_war]
    assert recalls == sorted(recalls, reverse=True)


def test_several_classes_have_a_cost_and_no_threshold() -> None:
    truth, shares = np.array([0, 1, 2, 2]), np.eye(3)[[0, 1, 2, 0]]
    advice = advise(truth, shares, ["a", "b", "c"], Costs(1, 2), positive=None, prevalence=None)
    assert (advice.best, advice.tug_of_war) == (None, ())
    assert advice.cost_per_1000 == pytest.approx(250 * 3)


def test_resamples_and_points_cost_alike() -> None:
    values = {"recall": np.array([0.9, 1.0]), "specificity": np.array([0.8, 0.5])}
    found = add_expected_cost(values, Costs(1, 5), 0.5, binary=True)["expected_cost"]
    np.testing.assert_allclose(
        found, [expected_cost(0.9, 0.8, Costs(1, 5), 0.5), expected_cost(1, 0.5, Costs(1, 5), 0.5)]
    )
