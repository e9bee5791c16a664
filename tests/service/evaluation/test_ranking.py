"""Counting and ranking by sums give what scikit-learn gives row by row, ties, resamples and empty sides included."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from service.evaluation.ranking import Cells, Ranking, cumulate, divide

CHANCE = np.random.default_rng(3)


@pytest.mark.parametrize("distinct", [2, 7, 1000])
def test_a_resample_ranks_as_scikit_learn_ranks_its_rows(distinct: int) -> None:
    rows, resamples = 120, 5
    scores = CHANCE.integers(0, distinct, rows) / distinct
    positive = CHANCE.random(rows) < 0.3
    drawn = [CHANCE.integers(0, rows, rows) for _ in range(resamples)]
    weights = np.stack([np.bincount(each, minlength=rows) for each in drawn], axis=1).astype(np.int32)
    areas, precisions = Ranking(positive, scores).score(weights)
    assert areas == pytest.approx([roc_auc_score(positive[each], scores[each]) for each in drawn])
    assert precisions == pytest.approx([average_precision_score(positive[each], scores[each]) for each in drawn])


@pytest.mark.parametrize(
    ("positive", "area", "precision"), [([0, 0, 0], np.nan, np.nan), ([1, 1, 1], np.nan, 1.0), ([1, 0, 0], 1.0, 1.0)]
)
def test_an_area_needs_both_sides(positive: list[int], area: float, precision: float) -> None:
    ranking = Ranking(np.array(positive, dtype=bool), np.array([0.9, 0.5, 0.1]))
    found = ranking.score(np.ones((3, 1), dtype=np.int32))
    assert np.concatenate(found) == pytest.approx([area, precision], nan_ok=True)


def test_equal_scores_count_half() -> None:
    ranking = Ranking(np.array([True, False]), np.array([0.5, 0.5]))
    assert ranking.score(np.array([[1], [1]], dtype=np.int32))[0] == pytest.approx([0.5])


def test_pooled_scores_share_their_rows_weight() -> None:
    """Two classes pooled: entries 2i and 2i+1 belong to row i, so leaving out row 1 leaves out two entries."""
    positive = np.array([True, False, False, True, True, False])
    scores = np.array([0.9, 0.1, 0.8, 0.2, 0.6, 0.4])
    ranking = Ranking(positive, scores, per_row=2)
    assert ranking.rows == 3
    without = ranking.score(np.array([[1], [0], [1]], dtype=np.int32))[0]
    assert without == pytest.approx([roc_auc_score(positive[[0, 1, 4, 5]], scores[[0, 1, 4, 5]])])


def test_cells_are_counted_by_weight_those_without_a_row_as_zero() -> None:
    weights = np.array([[1, 0], [2, 5], [4, 1]], dtype=np.int32)
    assert Cells(np.array([2, 0, 2])).count(weights, 4).tolist() == [[2, 5], [0, 0], [5, 1], [0, 0]]
    assert Cells(np.array([], dtype=np.intp)).count(np.zeros((0, 2), dtype=np.int32), 2).tolist() == [[0, 0], [0, 0]]


def test_thresholds_stand_between_distinct_scores_only() -> None:
    positives, rows, scores = cumulate([1, 0, 1, 0], [0.5, 0.9, 0.5, 0.1])
    assert (positives.tolist(), rows.tolist(), scores.tolist()) == ([0, 2, 2], [1, 3, 4], [0.9, 0.5, 0.1])


def test_nothing_divided_by_nothing_is_what_the_caller_says() -> None:
    assert divide([1, 0], [2, 0]).tolist() == pytest.approx([0.5, np.nan], nan_ok=True)
    assert divide([[1], [0]], [0, 4], empty=-1.0).tolist() == [[-1.0, 0.25], [-1.0, 0.0]]
