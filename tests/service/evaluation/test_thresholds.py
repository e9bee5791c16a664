"""The threshold found is the cheapest one, decides as the server does, and may be to call nothing positive."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.bundle.decision import decide
from service.evaluation.thresholds import (
    NEVER,
    cost_curve,
    decide_out_of_fold,
    find_threshold,
    measure_threshold,
    theoretical_threshold,
)
from service.training.problem import Costs

ODD = st.floats(0.01, 100)


def _rows(seed: int, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    positive = rng.random(n) < 0.3
    positive[:2] = True, False
    return positive, np.round(1 / (1 + np.exp(-rng.normal(0, 1, n) - 2 * positive + 1)), 2)


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


def test_a_threshold_far_below_a_millionth_parts_what_it_parted() -> None:
    """Rounded to six decimals it would be 0, and everything positive."""
    scores = np.array([1e-30, 2e-30, 3e-20, 4e-20])
    found = find_threshold([False, False, True, True], scores, Costs(1, 1), 0.5)
    assert 2e-30 < found < 3e-20
    shares = np.column_stack([1 - scores, scores])
    assert decide(shares, ["no", "yes"], {"yes": found}).tolist() == [0, 0, 1, 1]


def test_scores_that_the_server_cannot_tell_apart_are_not_parted() -> None:
    positive, scores = [False, True], np.array([0.5, 0.5 + 1e-12])
    found = measure_threshold(positive, scores, find_threshold(positive, scores, Costs(1, 1), 0.5), Costs(1, 1), 0.5)
    assert (found.recall, found.specificity) in {(1.0, 0.0), (0.0, 1.0)}
    neighbours = np.array([np.float32(0.5), np.nextafter(np.float32(0.5), np.float32(1))], dtype=np.float64)
    found = measure_threshold(
        positive, neighbours, find_threshold(positive, neighbours, Costs(1, 1), 0.5), Costs(1, 1), 0.5
    )
    assert (found.recall, found.specificity) == (1.0, 1.0)


def test_never_positive_is_on_offer_where_it_is_cheapest() -> None:
    """The surest scores are all wrong: even calling only these would cost more than calling nothing."""
    positive, scores = np.array([True] + [False] * 9), np.array([0.1] + [1.0] * 9)
    found = find_threshold(positive, scores, Costs(10, 1), 0.1)
    assert found == NEVER
    never = measure_threshold(positive, scores, found, Costs(10, 1), 0.1)
    assert (never.recall, never.precision, never.specificity) == (0.0, None, 1.0)
    assert never.cost_per_1000 == pytest.approx(100)


@pytest.mark.parametrize("prevalence", [0.01, 0.2, 0.6])
def test_calibrated_scores_are_cut_where_theory_says_at_any_prevalence(prevalence: float) -> None:
    """Scores calibrated to rows of which 30 % are positive; the cases to come have another share."""
    rng = np.random.default_rng(2)
    n = 400_000
    positive = rng.random(n) < 0.3
    at = rng.normal(2.0 * positive, 1.0)
    scores = 0.3 / (0.3 + 0.7 * np.exp(2.0 - 2.0 * at))  # Bayes: two normals, one apart by 2
    costs = Costs(1, 3)
    asked = theoretical_threshold(costs, prevalence, float(positive.mean()))
    best = measure_threshold(positive, scores, find_threshold(positive, scores, costs, prevalence), costs, prevalence)
    theory = measure_threshold(positive, scores, asked, costs, prevalence)
    assert theory.cost_per_1000 <= best.cost_per_1000 * 1.01
    naive = measure_threshold(positive, scores, 1 / 4, costs, prevalence)
    assert naive.cost_per_1000 > theory.cost_per_1000 * 1.02, "as in the rows is wrong for other cases"
