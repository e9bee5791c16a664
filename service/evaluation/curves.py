"""Curves over thresholds: ROC, and precision against recall."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from service.evaluation.ranking import Floats, cumulate, divide


class Curve(NamedTuple):
    """A curve over thresholds, descending: at `thresholds[i]` every score at or above it is called positive."""

    x: Floats
    y: Floats
    thresholds: Floats


def roc_curve(positive: ArrayLike, scores: ArrayLike) -> Curve:
    """x = false positive rate (1 - specificity), y = recall, from (0, 0) to (1, 1); NaN where a side has no rows."""
    tp, called, thresholds = cumulate(positive, scores)
    fp = called - tp
    fp, tp = np.concatenate([[0.0], fp]), np.concatenate([[0.0], tp])
    return Curve(divide(fp, fp[-1]), divide(tp, tp[-1]), np.concatenate([[np.inf], thresholds]))


def precision_recall_curve(positive: ArrayLike, scores: ArrayLike) -> Curve:
    """x = recall, y = precision, one point for each threshold; recall is NaN where nothing is positive."""
    tp, called, thresholds = cumulate(positive, scores)
    return Curve(divide(tp, tp[-1]), tp / called, thresholds)
