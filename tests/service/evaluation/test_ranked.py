"""AUC and average precision: the rows' influences are right, and the intervals cover and never collapse."""

from __future__ import annotations

import numpy as np
import pytest

from service.evaluation.metrics import auc, average_precision
from service.evaluation.ranked import average_ranked, pool_rows, rank_scores


def _rows(seed: int, n: int = 60, levels: int = 12) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    positive = np.arange(n) % 4 == 0
    return positive, np.round(rng.normal(positive, 1.0) * levels) / levels


@pytest.mark.parametrize("seed", range(4))
def test_values_are_those_of_the_metrics_with_ties(seed: int) -> None:
    positive, scores = _rows(seed, levels=2)
    area, purity = rank_scores(positive, scores)
    assert area.value == pytest.approx(auc(positive, scores), abs=1e-12)
    assert purity.value == pytest.approx(average_precision(positive, scores), abs=1e-12)


def test_an_influence_is_how_the_metric_moves_with_a_rows_weight() -> None:
    """Every row a thousand times, and one of them once more: the change is that row's influence, in thousandths."""
    positive, scores = _rows(2)
    weights = np.full((60, 61), 1000, dtype=np.int32)
    weights[np.arange(60), 1 + np.arange(60)] += 1
    from service.evaluation.ranking import Ranking

    for measured, ranked in zip(Ranking(positive, scores).score(weights), rank_scores(positive, scores), strict=True):
        np.testing.assert_allclose((measured[1:] - measured[0]) * 1000, ranked.influence, atol=2e-3)


@pytest.mark.parametrize(("positives", "negatives"), [(42, 100), (10, 90)])
def test_rows_in_perfect_order_are_not_certain(positives: int, negatives: int) -> None:
    positive = np.arange(positives + negatives) < positives
    for ranked in rank_scores(positive, positive * 1.0 - np.arange(len(positive)) / 1e6):
        low, high = ranked.bound()
        assert (ranked.value, high) == (1.0, 1.0)
        assert 0.5 < low < 0.99


def test_one_class_alone_has_no_ranking() -> None:
    assert np.isnan(rank_scores([True, True], [0.1, 0.2])[0].bound()).all()
    assert np.isnan(average_ranked(rank_scores([True], [0.1]), [1.0, 1.0])).all()


@pytest.mark.parametrize(("apart", "share"), [(1.2, 0.1), (2.33, 0.1), (1.8, 0.5)])
def test_the_intervals_cover_what_they_say(apart: float, share: float) -> None:
    rng = np.random.default_rng(4)
    positive = rng.random(200_000) < share
    scores = rng.normal(apart * positive)
    truth = auc(positive, scores), average_precision(positive, scores)
    held = np.zeros(2)
    for _ in range(120):
        drawn = rng.integers(0, 200_000, 100)
        ends = [ranked.bound() for ranked in rank_scores(positive[drawn], scores[drawn])]
        held += [low <= value <= high for (low, high), value in zip(ends, truth, strict=True)]
    assert (held / 120 >= 0.9).all()


def test_a_mean_of_one_metric_twice_is_that_metric_and_of_independent_ones_is_surer() -> None:
    one, other = rank_scores(*_rows(5))[0], rank_scores(*_rows(6))[0]
    assert average_ranked([one, one], [1.0, 3.0]) == (pytest.approx(one.bound()[0]), pytest.approx(one.bound()[1]))
    low, high = average_ranked([one, other], [1.0, 1.0])
    assert high - low < max(one.bound()[1] - one.bound()[0], other.bound()[1] - other.bound()[0])
    assert low < (one.value + other.value) / 2 < high


def test_pooled_entries_of_a_row_come_together() -> None:
    """Each row twice is no more knowledge than each row once, also where no row is out of order."""
    positive, scores = _rows(7)
    for found in (scores, positive.astype(float)):
        pooled = pool_rows(rank_scores(np.repeat(positive, 2), np.repeat(found, 2))[0], 2, 10)
        assert pooled.influence.shape == (60,)
        once, twice = rank_scores(positive, found)[0].bound(), pooled.bound()
        assert twice == pytest.approx(once, abs=0.02)
