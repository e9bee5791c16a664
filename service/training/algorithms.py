"""The algorithms that compete: how each is built, which parameters a grid may try, and which come first in a tie."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC

CALIBRATION_FOLDS = 3  # within the rows of a fit: it takes as many rows of every class
_ITERATIONS = 2000


@dataclass(frozen=True)
class Algorithm:
    """How to build one: `build(parameters, seed, balanced, classes)`.

    `arithmetic`: its sums run in float64; a forest, which only compares, stays in float32 as its splits do.
    `parameters` are those a grid may name.
    """

    title: str
    build: Callable[[Mapping[str, Any], int, bool, int], BaseEstimator]
    parameters: tuple[str, ...]
    arithmetic: bool = True


def _softmax(parameters: Mapping[str, Any], seed: int, balanced: bool, classes: int) -> BaseEstimator:
    return LogisticRegression(max_iter=_ITERATIONS, class_weight=_weights(balanced), **parameters)


def _one_vs_rest(parameters: Mapping[str, Any], seed: int, balanced: bool, classes: int) -> BaseEstimator:
    return OneVsRestClassifier(LogisticRegression(max_iter=_ITERATIONS, class_weight=_weights(balanced), **parameters))


def _random_forest(parameters: Mapping[str, Any], seed: int, balanced: bool, classes: int) -> BaseEstimator:
    return RandomForestClassifier(random_state=seed, class_weight=_weights(balanced), n_jobs=1, **parameters)


def _naive_bayes(parameters: Mapping[str, Any], seed: int, balanced: bool, classes: int) -> BaseEstimator:
    return GaussianNB(priors=[1 / classes] * classes if balanced else None, **parameters)


def _svm(parameters: Mapping[str, Any], seed: int, balanced: bool, classes: int) -> BaseEstimator:
    # Its scores are not probabilities: a sigmoid on cross-validated scores makes them so (Platt 1999).
    machine = SVC(class_weight=_weights(balanced), random_state=seed, **parameters)
    return CalibratedClassifierCV(machine, method="sigmoid", ensemble=False, cv=CALIBRATION_FOLDS)


def _dummy(parameters: Mapping[str, Any], seed: int, balanced: bool, classes: int) -> BaseEstimator:
    return DummyClassifier(strategy="prior", **parameters)


def _weights(balanced: bool) -> str | None:
    return "balanced" if balanced else None


# In the order in which a tie is decided: what is quicker to serve and easier to explain comes first.
ALGORITHMS: Mapping[str, Algorithm] = {
    "softmax": Algorithm("softmax logistic regression", _softmax, ("C",)),
    "one_vs_rest": Algorithm("one-vs-rest logistic regression", _one_vs_rest, ("C",)),
    "naive_bayes": Algorithm("Gaussian naive Bayes", _naive_bayes, ("var_smoothing",)),
    "svm": Algorithm("support vector machine, calibrated", _svm, ("C", "gamma", "kernel")),
    "random_forest": Algorithm(
        "random forest",
        _random_forest,
        ("n_estimators", "max_depth", "max_features", "min_samples_leaf"),
        arithmetic=False,
    ),
    "dummy": Algorithm("dummy: the classes' shares", _dummy, ()),
}
BASELINE = "dummy"
LINEAR = ("softmax", "one_vs_rest")
