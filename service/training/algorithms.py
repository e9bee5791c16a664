"""The algorithms that compete: how each is built, which parameters a grid may try, and which come first in a tie."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import ComplementNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from service.errors import Unavailable
from service.training import boosting

CALIBRATION_FOLDS = 3  # within the rows of a fit: it takes as many rows of every class
PARITY_TOLERANCE = 1e-6  # of a probability, between the trained model and its export
_BOOSTING_PARITY = 1e-5  # theirs are sums of float32 over hundreds of trees, in another order after the export
_ITERATIONS = 2000


@dataclass(frozen=True)
class Algorithm:
    """How to build one: `build(parameters, seed, balanced, classes)`.

    `arithmetic`: its sums run in float64; trees, which only compare, stay in float32 as their splits do. `missing`: it
    learns from missing numbers as they are, without a median in their place. `parameters` are those a grid may name.
    `package` has to be installed for it beside what Outlast needs anyway. `usual`: it competes where a problem file
    names no algorithms. `parity`: how far a probability of its export may lie from its own. `texts`: it learns from
    free text, whose thousands of columns are mostly 0. `counts`: it takes no number below 0.
    """

    title: str
    build: Callable[[Mapping[str, Any], int, bool, int], BaseEstimator]
    parameters: tuple[str, ...]
    arithmetic: bool = True
    missing: bool = False
    package: str = ""
    usual: bool = True
    parity: float = PARITY_TOLERANCE
    texts: bool = False
    counts: bool = False


def _softmax(parameters: Mapping[str, Any], seed: int, balanced: bool, classes: int) -> BaseEstimator:
    return LogisticRegression(max_iter=_ITERATIONS, class_weight=_weights(balanced), **parameters)


def _one_vs_rest(parameters: Mapping[str, Any], seed: int, balanced: bool, classes: int) -> BaseEstimator:
    return OneVsRestClassifier(LogisticRegression(max_iter=_ITERATIONS, class_weight=_weights(balanced), **parameters))


def _random_forest(parameters: Mapping[str, Any], seed: int, balanced: bool, classes: int) -> BaseEstimator:
    return RandomForestClassifier(random_state=seed, class_weight=_weights(balanced), n_jobs=1, **parameters)


def _decision_tree(parameters: Mapping[str, Any], seed: int, balanced: bool, classes: int) -> BaseEstimator:
    return DecisionTreeClassifier(random_state=seed, class_weight=_weights(balanced), **parameters)


def _nearest_neighbours(parameters: Mapping[str, Any], seed: int, balanced: bool, classes: int) -> BaseEstimator:
    # Brute force: a tree of neighbours orders equal distances otherwise than the export does. It weighs no class.
    return KNeighborsClassifier(algorithm="brute", **parameters)


def _hist_gradient_boosting(parameters: Mapping[str, Any], seed: int, balanced: bool, classes: int) -> BaseEstimator:
    # Not `categorical_features`: a split by a set of categories has no operator in ONNX. They are one-hot before it.
    return HistGradientBoostingClassifier(random_state=seed, class_weight=_weights(balanced), **parameters)


def _naive_bayes(parameters: Mapping[str, Any], seed: int, balanced: bool, classes: int) -> BaseEstimator:
    return GaussianNB(priors=[1 / classes] * classes if balanced else None, **parameters)


def _svm(parameters: Mapping[str, Any], seed: int, balanced: bool, classes: int) -> BaseEstimator:
    # Its scores are not probabilities: a sigmoid on cross-validated scores makes them so (Platt 1999).
    machine = SVC(class_weight=_weights(balanced), random_state=seed, **parameters)
    return CalibratedClassifierCV(machine, method="sigmoid", ensemble=False, cv=CALIBRATION_FOLDS)


def _linear_svm(parameters: Mapping[str, Any], seed: int, balanced: bool, classes: int) -> BaseEstimator:
    machine = LinearSVC(class_weight=_weights(balanced), random_state=seed, max_iter=_ITERATIONS, **parameters)
    return CalibratedClassifierCV(machine, method="sigmoid", ensemble=False, cv=CALIBRATION_FOLDS)


def _multinomial(parameters: Mapping[str, Any], seed: int, balanced: bool, classes: int) -> BaseEstimator:
    return MultinomialNB(fit_prior=not balanced, **parameters)


def _complement(parameters: Mapping[str, Any], seed: int, balanced: bool, classes: int) -> BaseEstimator:
    return ComplementNB(**parameters)


def _dummy(parameters: Mapping[str, Any], seed: int, balanced: bool, classes: int) -> BaseEstimator:
    return DummyClassifier(strategy="prior", **parameters)


def _weights(balanced: bool) -> str | None:
    return "balanced" if balanced else None


# In the order in which a tie is decided: what is quicker to serve and easier to explain comes first.
ALGORITHMS: Mapping[str, Algorithm] = {
    "softmax": Algorithm("softmax logistic regression", _softmax, ("C",), texts=True),
    "one_vs_rest": Algorithm("one-vs-rest logistic regression", _one_vs_rest, ("C",), texts=True),
    "linear_svm": Algorithm("linear support vector machine, calibrated", _linear_svm, ("C",), texts=True, usual=False),
    "multinomial_naive_bayes": Algorithm(
        "multinomial naive Bayes", _multinomial, ("alpha",), texts=True, counts=True, usual=False
    ),
    "complement_naive_bayes": Algorithm(
        "complement naive Bayes", _complement, ("alpha", "norm"), texts=True, counts=True, usual=False
    ),
    "naive_bayes": Algorithm("Gaussian naive Bayes", _naive_bayes, ("var_smoothing",)),
    "decision_tree": Algorithm(
        "decision tree",
        _decision_tree,
        ("criterion", "max_depth", "max_leaf_nodes", "min_samples_leaf", "ccp_alpha"),
        arithmetic=False,
        usual=False,
    ),
    "svm": Algorithm("support vector machine, calibrated", _svm, ("C", "gamma", "kernel")),
    "random_forest": Algorithm(
        "random forest",
        _random_forest,
        ("n_estimators", "max_depth", "max_features", "min_samples_leaf"),
        arithmetic=False,
    ),
    "hist_gradient_boosting": Algorithm(
        "histogram gradient boosting",
        _hist_gradient_boosting,
        (
            *("learning_rate", "max_iter", "max_leaf_nodes", "max_depth", "min_samples_leaf"),
            *("l2_regularization", "max_features", "max_bins"),
        ),
        arithmetic=False,
        missing=True,
    ),
    "lightgbm": Algorithm(
        "LightGBM",
        boosting.build_lightgbm,
        boosting.LIGHTGBM_PARAMETERS,
        arithmetic=False,
        missing=True,
        package="lightgbm",
        usual=False,
        parity=_BOOSTING_PARITY,
    ),
    "xgboost": Algorithm(
        "XGBoost",
        boosting.build_xgboost,
        boosting.XGBOOST_PARAMETERS,
        arithmetic=False,
        missing=True,
        package="xgboost",
        usual=False,
        parity=_BOOSTING_PARITY,
    ),
    "k_nearest_neighbours": Algorithm("k-nearest neighbours", _nearest_neighbours, ("n_neighbors",), usual=False),
    "dummy": Algorithm("dummy: the classes' shares", _dummy, (), texts=True),
}
BASELINE = "dummy"
# What a grid may say, under TEXT, of what is counted of free text.
TEXT = "text"
TEXT_UNITS: Mapping[str, tuple[str, ...]] = {
    "words": ("words",),
    "characters": ("characters",),
    "both": ("words", "characters"),
}
LINEAR = ("softmax", "one_vs_rest")


def require_packages(names: Iterable[str]) -> None:
    """Raise Unavailable for algorithms whose packages are not installed, before anything is fitted."""
    lacking = {name: ALGORITHMS[name].package for name in names if not boosting.is_installed(ALGORITHMS[name].package)}
    if lacking:
        raise Unavailable(
            f"{', '.join(lacking)} cannot be trained here: {', '.join(sorted(set(lacking.values())))} is not installed",
            hint=boosting.HINT,
        )
