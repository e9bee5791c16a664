"""What is made of several proportions has an interval that holds it, covers the truth and never collapses."""

from __future__ import annotations

import numpy as np
import pytest

from service.evaluation.combined import bound_counts
from service.evaluation.costs import tabulate_costs
from service.evaluation.metrics import Evaluation
from service.evaluation.proportions import bound_proportions
from service.training.problem import Costs


def _counter(k: int) -> Evaluation:
    classes = [str(i) for i in range(k)]
    costs = tabulate_costs(Costs(1, 5), classes, positive="1" if k == 2 else None, prevalence=0.3)
    return Evaluation(np.arange(k), np.eye(k), classes=classes, positive="1" if k == 2 else None, cost=costs)


def _bound(matrices: np.ndarray) -> tuple[Evaluation, dict[str, tuple[np.ndarray, np.ndarray]]]:
    counter = _counter(matrices.shape[-1])
    return counter, bound_counts(matrices, counter.count, classes=counter.classes, positive=counter.positive)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_every_metric_has_an_interval_that_holds_it(k: int) -> None:
    rng = np.random.default_rng(k)
    matrices = rng.integers(0, 9, (6, k, k)) + 20 * np.eye(k, dtype=int)
    counter, ends = _bound(matrices)
    for name, value in counter.count(matrices.astype(float)).items():
        low, high = ends[name]
        assert (low <= value + 1e-12).all(), name
        assert (value <= high + 1e-12).all(), name
        assert (high - low > 1e-3).all(), name


def test_a_matrix_without_a_mistake_is_not_certain() -> None:
    """42 and 100 rows all right: a bootstrap of them would say 1.000 to 1.000 of every metric."""
    _, ends = _bound(np.array([[100, 0], [0, 42]]))
    for name in ("balanced_accuracy", "f1", "f2", "mcc", "macro_f1", "macro_precision", "weighted_f1"):
        assert ends[name][0] < 0.97, name
        assert ends[name][1] == pytest.approx(1.0), name
    assert ends["expected_cost"][0] == pytest.approx(0.0)
    assert ends["expected_cost"][1] > 100


def test_one_proportion_is_exact_and_what_grows_with_it_follows() -> None:
    matrix = np.array([[80, 10], [3, 7]])
    _, ends = _bound(matrix)
    assert ends["recall"] == bound_proportions(7, 10)
    assert ends["precision"] == bound_proportions(7, 17)
    assert ends["micro_f1"] == ends["accuracy"] == bound_proportions(87, 100)
    low, high = bound_proportions(7, 20)
    assert ends["f1"] == (2 * low / (1 + low), 2 * high / (1 + high))


def test_two_proportions_add_their_squares() -> None:
    """Newcombe's interval of a mean of two, by hand."""
    _, ends = _bound(np.array([[90, 10], [5, 15]]))
    (l0, u0), (l1, u1) = bound_proportions(90, 100), bound_proportions(15, 20)
    low = 0.825 - np.hypot(0.9 - l0, 0.75 - l1) / 2
    high = 0.825 + np.hypot(u0 - 0.9, u1 - 0.75) / 2
    assert ends["balanced_accuracy"] == (pytest.approx(low), pytest.approx(high))


def test_what_is_not_defined_has_no_interval() -> None:
    _, ends = _bound(np.array([[50, 0], [0, 0]]))
    for name in ("recall", "precision", "f1", "mcc", "expected_cost"):
        assert np.isnan(ends[name]).all(), name
    assert ends["specificity"][0] < 1.0


def test_the_intervals_cover_what_they_say() -> None:
    """Recall 0.9, specificity 0.95, a tenth positive, 100 rows: what the bootstrap covered in 58 to 70 %."""
    rng = np.random.default_rng(1)
    positives = rng.binomial(100, 0.1, 1500)
    tp, tn = rng.binomial(positives, 0.9), rng.binomial(100 - positives, 0.95)
    matrices = np.stack([tn, 100 - positives - tn, positives - tp, tp], axis=-1).reshape(-1, 2, 2)
    counter, ends = _bound(matrices)
    truth = counter.count(np.array([[0.9 * 0.95, 0.9 * 0.05], [0.1 * 0.1, 0.1 * 0.9]]))
    for name in ("balanced_accuracy", "f1", "f2", "mcc", "macro_f1", "expected_cost"):
        low, high = ends[name]
        assert ((low <= truth[name]) & (truth[name] <= high))[~np.isnan(low)].mean() > 0.93, name
