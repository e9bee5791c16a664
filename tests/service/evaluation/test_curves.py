"""Curves agree with scikit-learn, and warn nobody where a side has no rows."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from sklearn import metrics as sk

from service.evaluation.curves import Curve, precision_recall_curve, roc_curve

EXACT = {"rtol": 1e-12, "atol": 1e-12}


@pytest.mark.parametrize("levels", [1, 2, 5, 1000])
def test_curves_agree_with_scikit_learn(levels: int) -> None:
    rng = np.random.default_rng(levels)
    for _ in range(25):
        n = int(rng.integers(1, 31))
        positive, scores = rng.random(n) < rng.choice([0.0, 0.1, 0.5]), rng.integers(0, levels + 1, n) / levels
        _hold_to_scikit_learn(positive, scores)


def _hold_to_scikit_learn(positive: np.ndarray, scores: np.ndarray) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fpr, tpr, thresholds = sk.roc_curve(positive, scores, drop_intermediate=False)
        precisions, recalls, cuts = sk.precision_recall_curve(positive, scores)
    roc = roc_curve(positive, scores)
    np.testing.assert_allclose(roc.thresholds, thresholds, **EXACT)
    np.testing.assert_allclose(roc.x, fpr, **EXACT)
    np.testing.assert_allclose(roc.y, tpr, **EXACT)
    pr = precision_recall_curve(positive, scores)
    np.testing.assert_allclose(pr.thresholds, cuts[::-1], **EXACT)
    np.testing.assert_allclose(pr.y, precisions[-2::-1], **EXACT)
    if positive.any():
        np.testing.assert_allclose(pr.x, recalls[-2::-1], **EXACT)


@pytest.mark.parametrize("curve", [roc_curve, precision_recall_curve])
def test_a_curve_of_a_single_class_warns_nobody(curve: Callable[..., Curve]) -> None:
    assert np.isnan(curve([0, 0], [0.1, 0.2]).x if curve is precision_recall_curve else curve([0], [0.1]).y).any()
