"""What a released model's probabilities meant on rows it had not seen: kept in its manifest, for live labels.

`curve` is how right the model is by how sure it is: of two classes the positive one's log odds against the log odds
said, of more whether the predicted class is true against its log odds. `counts` [k, k] are the rows of each true class
by the class predicted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from service.evaluation.metrics import Evaluation
from service.evaluation.ranking import Floats

_SUREST = 1e-6  # log odds are taken of probabilities within this of 0 and 1
_STEPS = 50


def describe_reliability(evaluation: Evaluation) -> dict[str, Any]:
    """The curve and the counts of a model's answers, as plain data."""
    said, came = _pair(evaluation.probabilities, evaluation.predicted, evaluation.truth, evaluation.positive)
    curve, covariance = fit_curve(said, came)
    return {
        "curve": [round(float(value), 6) for value in curve],
        "covariance": [[round(float(value), 6) for value in line] for line in covariance],
        "counts": evaluation.confusion.tolist(),
    }


def fit_curve(said: ArrayLike, came: ArrayLike) -> tuple[Floats, Floats]:
    """Intercept and slope of what came by the log odds said, with their covariance; few rows leave it near (0, 1).

    A logistic regression with a normal prior of variance 1 around a model that is right about itself: without one, rows
    that are parted perfectly would have no curve.
    """
    x = np.column_stack([np.ones(len(np.atleast_1d(said))), _log_odds(said)])
    y, curve = np.asarray(came, dtype=np.float64), np.array([0.0, 1.0])
    precision = np.eye(2)
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ curve, -30, 30)))
        precision = np.eye(2) + (x * (p * (1 - p))[:, None]).T @ x
        step = np.linalg.solve(precision, x.T @ (y - p) - (curve - [0.0, 1.0]))
        curve = curve + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-9:
            break
    return np.asarray(curve, dtype=np.float64), np.asarray(np.linalg.inv(precision), dtype=np.float64)


def expect_mistakes(
    kept: Mapping[str, Any], probabilities: ArrayLike, predicted: ArrayLike, positive: int | None
) -> tuple[Floats, float]:
    """How likely each row is to be wrong [n], by the curve; and the variance of their sum, from the curve's own."""
    said, _ = _pair(probabilities, predicted, predicted, positive)
    x = np.column_stack([np.ones(len(said)), _log_odds(said)])
    right = 1 / (1 + np.exp(-np.clip(x @ np.asarray(kept["curve"]), -30, 30)))
    flips = np.ones(len(said)) if positive is None else np.where(np.asarray(predicted) == positive, 1.0, -1.0)
    slope = ((flips * right * (1 - right))[:, None] * x).sum(axis=0)
    wrong = np.where(flips > 0, 1 - right, right)
    return wrong, float(slope @ np.asarray(kept["covariance"]) @ slope)


def _pair(
    probabilities: ArrayLike, predicted: ArrayLike, truth: ArrayLike, positive: int | None
) -> tuple[Floats, NDArray[np.bool_]]:
    """What was said, as a probability, and whether it came."""
    shares, chosen = np.asarray(probabilities, dtype=np.float64), np.asarray(predicted, dtype=np.intp)
    if positive is not None:
        return shares[:, positive], np.asarray(truth) == positive
    return shares[np.arange(len(chosen)), chosen], np.asarray(truth) == chosen


def _log_odds(share: ArrayLike) -> Floats:
    inner = np.clip(np.asarray(share, dtype=np.float64), _SUREST, 1 - _SUREST)
    return np.asarray(np.log(inner) - np.log1p(-inner))
