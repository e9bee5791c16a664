"""The advisor names the metric that costs and classes ask for, and the cheapest threshold."""

from __future__ import annotations

import numpy as np
import pytest

from service.evaluation.advisor import advise, choose_metric
from service.training.problem import Costs


def _rows(seed: int, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    positive = rng.random(n) < 0.3
    positive[:2] = True, False
    return positive, np.round(1 / (1 + np.exp(-rng.normal(0, 1, n) - 2 * positive + 1)), 2)


@pytest.mark.parametrize(
    ("costs", "counts", "positive", "metric"),
    [
        (Costs(1, 1, {"a": {"b": 5.0}}), {"a": 100, "b": 90, "c": 95}, None, "expected_cost"),
        (Costs(1, 5), {"no": 500, "yes": 400}, "yes", "expected_cost"),
        (Costs(5, 1), {"no": 500, "yes": 400}, "yes", "expected_cost"),
        (Costs(1, 1), {"no": 900, "yes": 100}, "yes", "average_precision"),
        (Costs(1, 1), {"no": 500, "yes": 400}, "yes", "accuracy"),
        (Costs(1, 1), {"no": 149, "yes": 100}, "yes", "accuracy"),
        (Costs(1, 1), {"no": 150, "yes": 100}, "yes", "mcc"),
        (Costs(1, 1), {"no": 299, "yes": 100}, "yes", "mcc"),
        (Costs(1, 1), {"no": 100, "yes": 300}, "yes", "average_precision"),
        (Costs(1, 1), {"a": 100, "b": 50, "c": 95}, None, "balanced_accuracy"),
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
    assert bool(choice.ask) == (costs == Costs(1, 1)), "equal costs are asked about"
    assert f"{max(counts.values()) / min(counts.values()):.1f} to 1" in choice.sizes


def test_advice_sets_the_best_threshold_beside_a_half_and_shows_the_tug_of_war() -> None:
    positive, scores = _rows(11, 500)
    shares = np.column_stack([1 - scores, scores])
    advice = advise(positive.astype(np.intp), shares, ["no", "yes"], Costs(1, 8), positive="yes", prevalence=None)
    assert advice.best is not None
    assert advice.half is not None
    assert advice.best.cost_per_1000 <= advice.half.cost_per_1000
    assert advice.theoretical == pytest.approx(1 / 9), "the prevalence is that of the rows"
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


def test_what_deciding_by_cost_would_save_is_said() -> None:
    """Calling a cat a dog is dear: a row that is a cat with 0.4 is better called a cat."""
    costs = Costs(1, 1, {"cat": {"dog": 20.0}})
    truth, shares = np.array([0, 1, 2]), np.array([[0.4, 0.6, 0.0], [0.1, 0.9, 0.0], [0.0, 0.1, 0.9]])
    advice = advise(truth, shares, ["cat", "dog", "fox"], costs, positive=None, prevalence=None)
    assert advice.cost_per_1000 == pytest.approx(20_000 / 3)
    assert advice.by_cost == pytest.approx(2_000 / 3), "the dog is called a cat, which costs 2"
