"""What to optimise, and where to put the threshold: from what mistakes cost and how often the positive class comes.

The expected loss of a threshold, for 1,000 cases to come with prevalence p:

    1000 * (p * (1 - recall) * cost of a false negative + (1 - p) * (1 - specificity) * cost of a false positive)

Recall and specificity do not depend on the prevalence, so it need not be the data's. For several classes each wrong row
is a false negative of its own class and a false positive of another: 1000 * (1 - accuracy) * (both costs).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from service.evaluation.metrics import Floats
from service.training.problem import Costs

EXPECTED_COST = "expected_cost"
SMALLER_IS_BETTER = (EXPECTED_COST, "log_loss", "brier", "calibration_error")
_UNEVEN_COSTS = 1.5
_UNEVEN_CLASSES = 3.0


@dataclass(frozen=True)
class Choice:
    """The metric to optimise and why; the one commonly taken, and what it would hide here."""

    metric: str
    why: str
    common: str
    hides: str


@dataclass(frozen=True)
class Point:
    """What one threshold gives: recall, precision, specificity (each 0 to 1), and the expected loss of 1,000 cases."""

    threshold: float
    recall: float
    precision: float
    specificity: float
    cost_per_1000: float


@dataclass(frozen=True)
class Advice:
    """The choice of metric; for two classes also the threshold of least expected cost, beside 0.5, and the tug of war.

    `theoretical` is the threshold that perfectly calibrated probabilities would ask for: the cost of a false positive
    over the sum of both.
    """

    choice: Choice
    best: Point | None
    half: Point | None
    theoretical: float | None
    tug_of_war: tuple[Point, ...]
    cost_per_1000: float

    def to_document(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def choose_metric(costs: Costs, counts: Mapping[str, int], *, positive: str | None, prevalence: float) -> Choice:
    """Name the metric that the costs and the classes ask for. `counts`: rows of each class."""
    largest, smallest = max(counts, key=lambda c: counts[c]), min(counts, key=lambda c: counts[c])
    imbalance = counts[largest] / counts[smallest]
    share = counts[largest] / sum(counts.values())
    if positive is None or len(counts) > 2:
        return _choose_for_many(counts, largest, smallest, imbalance, share)
    ratio = costs.false_negative / costs.false_positive
    lazy = max(prevalence, 1 - prevalence)
    if max(ratio, 1 / ratio) >= _UNEVEN_COSTS:
        worse, better = ("miss", "false alarm") if ratio > 1 else ("false alarm", "miss")
        return Choice(
            EXPECTED_COST,
            f"a {worse} costs {max(ratio, 1 / ratio):g} times a {better}, and {prevalence:.0%} of the cases are "
            f"{positive}: the loss to expect weighs both mistakes by what they cost and how often they can happen",
            "accuracy",
            f"it counts a {worse} and a {better} alike: a model that never looks scores {lazy:.2f} by always giving "
            f"the commoner answer",
        )
    if imbalance >= _UNEVEN_CLASSES:
        return Choice(
            "average_precision",
            f"both mistakes cost alike, but {largest} has {imbalance:.1f} times the rows of {smallest}: what matters "
            f"is how pure the cases called {positive} stay as more of them are found",
            "accuracy",
            f"always answering {largest} scores {share:.2f} and finds nothing; AUC, too, looks high when the many "
            f"negatives are easy",
        )
    return Choice(
        "accuracy",
        "both mistakes cost about the same and the classes are of about the same size: the share of right answers "
        "says it all",
        "accuracy",
        "which of the two classes the mistakes fall on: read recall and specificity beside it",
    )


def _choose_for_many(counts: Mapping[str, int], largest: str, smallest: str, imbalance: float, share: float) -> Choice:
    if imbalance >= _UNEVEN_CLASSES:
        return Choice(
            "balanced_accuracy",
            f"{largest} has {imbalance:.1f} times the rows of {smallest}: the mean of the classes' recalls counts each "
            f"class once, however rare",
            "accuracy",
            f"always answering {largest} scores {share:.2f}; a rare class could be missed whole and hardly show",
        )
    return Choice(
        "macro_f1",
        f"{len(counts)} classes of about the same size (the largest has {imbalance:.1f} times the rows of the "
        f"smallest) matter alike: the mean of their F1 punishes misses and false calls of each",
        "accuracy",
        f"one class in {len(counts)} could be wrong half of the time and accuracy would still say about "
        f"{1 - 0.5 / len(counts):.2f}: read the worst class's recall",
    )


def measure_threshold(
    positive: ArrayLike, scores: ArrayLike, threshold: float, costs: Costs, prevalence: float
) -> Point:
    """What calling every score at or above `threshold` positive gives."""
    is_positive, called = np.asarray(positive, dtype=bool), np.asarray(scores) >= threshold
    recall = float(called[is_positive].mean()) if is_positive.any() else 0.0
    specificity = float((~called[~is_positive]).mean()) if (~is_positive).any() else 0.0
    precision = float(is_positive[called].mean()) if called.any() else 0.0
    return Point(threshold, recall, precision, specificity, expected_cost(recall, specificity, costs, prevalence))


def expected_cost(recall: Any, specificity: Any, costs: Costs, prevalence: float) -> Any:
    """The expected loss of 1,000 cases, in the unit of the costs: numbers or arrays."""
    missed = prevalence * (1 - recall) * costs.false_negative
    alarmed = (1 - prevalence) * (1 - specificity) * costs.false_positive
    return 1000 * (missed + alarmed)


def add_expected_cost(
    values: Mapping[str, Floats], costs: Costs, prevalence: float, *, binary: bool
) -> dict[str, Floats]:
    """Metrics by name (numbers or resamples) with the expected cost of 1,000 cases among them."""
    if binary:
        cost = expected_cost(values["recall"], values["specificity"], costs, prevalence)
    else:
        cost = 1000 * (1 - values["accuracy"]) * (costs.false_positive + costs.false_negative)
    return {**values, EXPECTED_COST: cost}


def cost_curve(positive: ArrayLike, scores: ArrayLike, costs: Costs, prevalence: float) -> tuple[Floats, Floats]:
    """Every threshold that parts the scores differently, ascending, and its expected loss of 1,000 cases.

    The thresholds lie midway between neighbouring scores: there they are farthest from changing an answer.
    """
    is_positive, values = np.asarray(positive, dtype=bool), np.asarray(scores, dtype=np.float64)
    distinct = np.unique(values)
    thresholds = np.concatenate([[distinct[0] / 2], (distinct[1:] + distinct[:-1]) / 2, [(distinct[-1] + 1) / 2]])
    below_positive = np.searchsorted(np.sort(values[is_positive]), thresholds)
    below_negative = np.searchsorted(np.sort(values[~is_positive]), thresholds)
    recall = 1 - below_positive / max(1, is_positive.sum())
    specificity = below_negative / max(1, (~is_positive).sum())
    return thresholds, expected_cost(recall, specificity, costs, prevalence)


def find_threshold(positive: ArrayLike, scores: ArrayLike, costs: Costs, prevalence: float) -> float:
    """The threshold with the least expected cost; of several, the one nearest to what calibration would ask for."""
    thresholds, cost = cost_curve(positive, scores, costs, prevalence)
    best = thresholds[cost <= cost.min() + 1e-9]
    return round(float(best[np.abs(best - theoretical_threshold(costs)).argmin()]), 6)


def theoretical_threshold(costs: Costs) -> float:
    """Where both answers of a perfectly calibrated probability cost the same."""
    return costs.false_positive / (costs.false_positive + costs.false_negative)


def decide_out_of_fold(
    truth: ArrayLike, scores: ArrayLike, folds: Sequence[NDArray[np.intp]], costs: Costs, prevalence: float
) -> NDArray[np.intp]:
    """1 for positive, 0 for negative, by a threshold that has not seen the row: each fold takes that of the others."""
    labels, values = np.asarray(truth, dtype=np.intp), np.asarray(scores, dtype=np.float64)
    decided = np.zeros(len(labels), dtype=np.intp)
    judged = np.concatenate(folds)
    for fold in folds:
        others = np.setdiff1d(judged, fold)
        decided[fold] = values[fold] >= find_threshold(labels[others] == 1, values[others], costs, prevalence)
    return decided


def advise(
    truth: NDArray[np.intp],
    probabilities: Floats,
    classes: Sequence[str],
    costs: Costs,
    *,
    positive: str | None,
    prevalence: float | None,
) -> Advice:
    """Advice from out-of-fold answers: `truth` [n] are indices into `classes`, `probabilities` [n, k].

    `prevalence` None: as in these rows.
    """
    counts = {label: int((truth == index).sum()) for index, label in enumerate(classes)}
    if positive is None or len(classes) > 2:
        wrong = float((probabilities.argmax(axis=1) != truth).mean())
        cost = 1000 * wrong * (costs.false_positive + costs.false_negative)
        return Advice(choose_metric(costs, counts, positive=None, prevalence=0.0), None, None, None, (), cost)
    index = list(classes).index(positive)
    is_positive, scores = truth == index, probabilities[:, index]
    share = float(is_positive.mean()) if prevalence is None else prevalence

    def at(threshold: float) -> Point:
        return measure_threshold(is_positive, scores, threshold, costs, share)

    best = at(find_threshold(is_positive, scores, costs, share))
    shown = sorted({0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, best.threshold})
    return Advice(
        choose_metric(costs, counts, positive=positive, prevalence=share),
        best,
        at(0.5),
        theoretical_threshold(costs),
        tuple(at(threshold) for threshold in shown),
        best.cost_per_1000,
    )
