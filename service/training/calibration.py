"""Probabilities that mean what they say: a model's answers mapped to what came true on rows that it was not fitted on.

Three maps compete: none, the sigmoid (Platt 1999; of more than two classes its softmax form, which undoes what class
weights did exactly), and isotonic regression (Zadrozny and Elkan 2002) as lines between knots. Each is judged out of
fold, and a map with more freedom is taken only where it is clearly better. A steep map makes the last digit of an
answer matter, and the export differs from the trained model in that digit: isotonic lines are no steeper than `Limits`
says, and the sigmoid is flat at the ends, where it would be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.isotonic import IsotonicRegression

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

METHODS = ("auto", "none", "sigmoid", "isotonic")
_CLEARLY = 2.0  # standard errors of the mean of paired differences
_KNOTS = 64
_RIDGE = 1e-6  # on the weights of the sigmoid: keeps them finite where the classes are parted without an error


@dataclass(frozen=True)
class Limits:
    """`steepest`: how much a line between knots may magnify a gap; below `least` all is one to a sigmoid."""

    steepest: float
    least: float


IN_DOUBLES, IN_FLOAT32 = Limits(100.0, 1e-12), Limits(5.0, 1e-4)  # by what a model's answers are made in


class Calibration(Protocol):
    """A map of probabilities [n, classes] to probabilities [n, classes]."""

    @property
    def method(self) -> str:
        """Its name in a problem file."""

    def apply(self, probabilities: Floats) -> Floats:
        """What the probabilities mean."""


@dataclass(frozen=True)
class Plain:
    """The model's own probabilities."""

    method: str = "none"

    def apply(self, probabilities: Floats) -> Floats:
        return probabilities


@dataclass(frozen=True)
class Sigmoid:
    """softmax(slope * log p + intercepts): of two classes the sigmoid of a line in log p / (1 - p).

    Probabilities below `least` count as that.
    """

    slope: float
    intercepts: tuple[float, ...]
    least: float
    method: str = "sigmoid"

    def apply(self, probabilities: Floats) -> Floats:
        logs = np.log(np.maximum(probabilities, self.least))
        return np.asarray(np.exp(log_softmax(self.slope * logs + np.array(self.intercepts), axis=1)))


@dataclass(frozen=True)
class Isotonic:
    """For each class lines between knots (x ascending), then scaled to a sum of 1; of two classes the second's only."""

    knots: tuple[tuple[Floats, Floats], ...] = field(repr=False)
    method: str = "isotonic"

    def apply(self, probabilities: Floats) -> Floats:
        if len(self.knots) == 1:
            positive = np.interp(probabilities[:, 1], *self.knots[0])
            return np.column_stack([1 - positive, positive])
        mapped = np.column_stack([np.interp(p, *k) for p, k in zip(probabilities.T, self.knots, strict=True)])
        return np.asarray(mapped / mapped.sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class Chosen:
    """The map that was taken, what it makes of the answers out of fold [n, classes], and every map's log loss there.

    Rows that no fold judges stay as they were.
    """

    calibration: Calibration
    out_of_fold: Floats
    losses: Mapping[str, float]


def choose_calibration(
    probabilities: Floats,
    truth: Indices,
    folds: Sequence[Indices],
    *,
    method: str = "auto",
    limits: Limits = IN_DOUBLES,
) -> Chosen:
    """The map for a model with these out-of-fold answers [n, classes].

    `folds` are the rows judged, each in one fold: what a map makes of a fold was learnt from the others.
    """
    asked = METHODS[1:] if method == "auto" else (method,)
    rows = np.sort(np.concatenate(folds))
    mapped = {name: _map_out_of_fold(name, probabilities, truth, folds, limits) for name in asked}
    losses = {name: log_losses(truth[rows], answer[rows]) for name, answer in mapped.items()}
    best = asked[0]
    for name in asked[1:]:
        if _is_clearly_less(losses[name], losses[best]):
            best = name
    calibration = _FIT[best](probabilities[rows], truth[rows], limits)
    return Chosen(calibration, mapped[best], {name: float(each.mean()) for name, each in losses.items()})


def log_losses(truth: Indices, probabilities: Floats) -> Floats:
    """Each row's log loss, [n]."""
    true = probabilities[np.arange(len(truth)), truth]
    return np.asarray(-np.log(np.clip(true, np.finfo(np.float64).eps, 1.0)))


def fit_sigmoid(probabilities: Floats, truth: Indices, limits: Limits = IN_DOUBLES) -> Sigmoid:
    """The sigmoid of least log loss, held to Platt's smoothed targets, so that it stays finite."""
    classes = probabilities.shape[1]
    logs = np.log(np.maximum(probabilities, limits.least))
    found = minimize(_sigmoid_loss, _start(classes), args=(logs, _smooth(truth, classes)), jac=True, method="L-BFGS-B")
    intercepts = np.append(0.0, found.x[1:])
    return Sigmoid(float(found.x[0]), tuple(map(float, intercepts - intercepts.mean())), limits.least)


def fit_isotonic(probabilities: Floats, truth: Indices, limits: Limits = IN_DOUBLES) -> Isotonic:
    """Isotonic regression of each class against the rest."""
    classes = probabilities.shape[1]
    which = [1] if classes == 2 else range(classes)
    return Isotonic(tuple(_fit_line(probabilities[:, c], (truth == c).astype(float), limits.steepest) for c in which))


def _fit_plain(probabilities: Floats, truth: Indices, limits: Limits) -> Plain:
    return Plain()


_FIT: Mapping[str, Callable[[Floats, Indices, Limits], Calibration]] = {
    "none": _fit_plain,
    "sigmoid": fit_sigmoid,
    "isotonic": fit_isotonic,
}


def _map_out_of_fold(
    method: str, probabilities: Floats, truth: Indices, folds: Sequence[Indices], limits: Limits
) -> Floats:
    if method == "none":
        return probabilities
    mapped = probabilities.copy()
    every = np.concatenate(folds)
    for fold in folds:
        others = np.setdiff1d(every, fold, assume_unique=True)
        mapped[fold] = _FIT[method](probabilities[others], truth[others], limits).apply(probabilities[fold])
    return mapped


def _is_clearly_less(ours: Floats, theirs: Floats) -> bool:
    gain = theirs - ours
    return bool(gain.mean() > _CLEARLY * gain.std() / np.sqrt(len(gain)))


def _smooth(truth: Indices, classes: int) -> Floats:
    """Targets short of 0 and 1 by what so few rows cannot rule out (Platt 1999)."""
    counts = np.bincount(truth, minlength=classes).astype(float)
    own = (counts + 1) / (counts + 2)
    targets = np.repeat(((1 - own) / (classes - 1))[truth][:, None], classes, axis=1)
    targets[np.arange(len(truth)), truth] = own[truth]
    return np.asarray(targets)


def _start(classes: int) -> Floats:
    return np.append(1.0, np.zeros(classes - 1))


def _sigmoid_loss(weights: Floats, logs: Floats, targets: Floats) -> tuple[float, Floats]:
    """Mean cross-entropy and its gradient; the first class's intercept is 0."""
    scores = weights[0] * logs + np.append(0.0, weights[1:])
    answers = log_softmax(scores, axis=1)
    off = (np.exp(answers) - targets) / len(logs)
    pull = weights - _start(logs.shape[1])
    loss = float(-(targets * answers).sum() / len(logs)) + _RIDGE * float(pull @ pull)
    return loss, np.append((off * logs).sum(), off.sum(axis=0)[1:]) + 2 * _RIDGE * pull


def _fit_line(scores: Floats, positive: Floats, steepest: float) -> tuple[Floats, Floats]:
    """Knots of isotonic regression, no steeper than allowed, and never quite 0 or 1."""
    fitted = IsotonicRegression(out_of_bounds="clip", y_min=0.0, y_max=1.0).fit(scores, positive)
    x = _thin(np.unique(scores))
    least = 1 / (len(scores) + 2)
    y = np.clip(fitted.predict(x), least, 1 - least)
    # Of all curves of this steepness those just above and just below; between them, still ascending, is the map.
    reach = steepest * np.abs(x[:, None] - x[None, :])
    return x, np.asarray(((y[None, :] - reach).max(axis=1) + (y[None, :] + reach).min(axis=1)) / 2)


def _thin(values: Floats) -> Floats:
    """At most so many of ascending values, evenly by rank, and the ends of what a probability can be."""
    chosen = values[np.unique(np.linspace(0, len(values) - 1, _KNOTS).round().astype(int))]
    return np.unique(np.concatenate([[0.0], chosen, [1.0]]))


def describe(calibration: Calibration) -> dict[str, Any]:
    """Plain data for JSON."""
    said: dict[str, Any] = {"method": calibration.method}
    if isinstance(calibration, Sigmoid):
        said |= {"slope": round(calibration.slope, 6), "intercepts": [round(i, 6) for i in calibration.intercepts]}
    return said
