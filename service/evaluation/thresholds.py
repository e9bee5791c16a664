"""Where to put the threshold of two classes: at the least expected loss, decided as the served model decides.

Scores are compared in float32, as they are served: a threshold that parts two scores in float64 only would part nothing
at the endpoint. Recall and specificity do not depend on the prevalence, so it need not be the data's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from service.evaluation.costs import expected_cost
from service.evaluation.ranking import Floats
from service.training.problem import Costs

NEVER = float(np.nextafter(np.float32(1), np.float32(2)))  # no probability reaches it: nothing is called positive


@dataclass(frozen=True)
class Point:
    """What one threshold gives: recall, precision, specificity (each 0 to 1), and the expected loss of 1,000 cases.

    `precision` is None where nothing is called positive.
    """

    threshold: float
    recall: float
    precision: float | None
    specificity: float
    cost_per_1000: float


def measure_threshold(
    positive: ArrayLike, scores: ArrayLike, threshold: float, costs: Costs, prevalence: float
) -> Point:
    """What calling every score at or above `threshold` positive gives."""
    is_positive, called = np.asarray(positive, dtype=bool), _call(scores, threshold)
    recall = float(called[is_positive].mean()) if is_positive.any() else 0.0
    specificity = float((~called[~is_positive]).mean()) if (~is_positive).any() else 0.0
    precision = float(is_positive[called].mean()) if called.any() else None
    return Point(threshold, recall, precision, specificity, expected_cost(recall, specificity, costs, prevalence))


def cost_curve(positive: ArrayLike, scores: ArrayLike, costs: Costs, prevalence: float) -> tuple[Floats, Floats]:
    """Every threshold that parts the scores differently, ascending, and its expected loss of 1,000 cases.

    From one that calls everything positive to one that calls nothing so. Those between lie midway between neighbouring
    scores: there they are farthest from changing an answer.
    """
    is_positive, values = np.asarray(positive, dtype=bool), np.asarray(scores, dtype=np.float32)
    thresholds = _part(np.unique(values))
    below_positive = np.searchsorted(np.sort(values[is_positive]), thresholds)
    below_negative = np.searchsorted(np.sort(values[~is_positive]), thresholds)
    recall = 1 - below_positive / max(1, is_positive.sum())
    specificity = below_negative / max(1, (~is_positive).sum())
    return thresholds.astype(np.float64), expected_cost(recall, specificity, costs, prevalence)


def _part(distinct: NDArray[np.float32]) -> NDArray[np.float32]:
    """Thresholds below, between and above ascending scores; of two neighbours in float32 the upper one parts them."""
    lower, upper = distinct[:-1], distinct[1:]
    middle = lower + (upper - lower) / 2
    above = (distinct[-1] + np.float32(1)) / 2
    last = above if above > distinct[-1] else np.float32(NEVER)
    return np.concatenate([[distinct[0] / 2], np.where(middle > lower, middle, upper), [last]]).astype(np.float32)


def find_threshold(positive: ArrayLike, scores: ArrayLike, costs: Costs, prevalence: float) -> float:
    """The threshold with the least expected cost; of several, the one nearest to what calibration would ask for."""
    thresholds, cost = cost_curve(positive, scores, costs, prevalence)
    best = thresholds[cost <= cost.min() + 1e-9]
    share = float(np.asarray(positive, dtype=bool).mean())
    return float(best[np.abs(best - theoretical_threshold(costs, prevalence, share)).argmin()])


def theoretical_threshold(costs: Costs, prevalence: float, share: float) -> float:
    """Where both answers of a perfectly calibrated probability cost the same.

    The probability is calibrated to the rows, `share` of which are positive. Where `prevalence` of the cases to come
    are, the odds of a case are other ones than those of a row with the same score (Elkan 2001), and so is the
    threshold.
    """
    # Shares of 0 and 1 leave nothing to decide; they are pulled in so that the odds stay finite.
    ours, theirs = (min(max(value, 1e-9), 1 - 1e-9) for value in (share, prevalence))
    odds = costs.false_positive / costs.false_negative * (1 - theirs) / theirs * ours / (1 - ours)
    return odds / (1 + odds)


def decide_out_of_fold(
    truth: ArrayLike, scores: ArrayLike, folds: Sequence[NDArray[np.intp]], costs: Costs, prevalence: float
) -> NDArray[np.intp]:
    """1 for positive, 0 for negative, by a threshold that has not seen the row: each fold takes that of the others."""
    labels, values = np.asarray(truth, dtype=np.intp), np.asarray(scores, dtype=np.float64)
    decided = np.zeros(len(labels), dtype=np.intp)
    judged = np.concatenate(folds)
    for fold in folds:
        others = np.setdiff1d(judged, fold)
        decided[fold] = _call(values[fold], find_threshold(labels[others] == 1, values[others], costs, prevalence))
    return decided


def _call(scores: ArrayLike, threshold: float) -> NDArray[np.bool_]:
    return np.asarray(np.asarray(scores, dtype=np.float32) >= np.float32(threshold))
