"""Metrics of a classifier, binary and multiclass, for one set of rows or for thousands of resamples of it at once.

Shapes: n rows, k classes, b resamples. `truth` [n] and `predicted` [n] are indices of classes, `probabilities` [n, k]
the model's. A resample is a column of integer weights, [n, b]: how often each row was drawn. The point estimate is the
resample in which every weight is 1, so both run through the same code.

Definitions, for one class against the rest, from true and false positives and negatives (TP, FP, FN, TN):

    accuracy            (TP + TN) / all; multiclass: the share of rows that are right
    precision           TP / (TP + FP)            of what is called positive, how much is
    recall              TP / (TP + FN)            of what is positive, how much is found (sensitivity)
    specificity         TN / (TN + FP)            of what is negative, how much is left alone: about false positives
    F-beta              (1 + b²) TP / ((1 + b²) TP + b² FN + FP)      van Rijsbergen 1979
    balanced accuracy   the mean of recall and specificity; multiclass: the mean of the classes' recalls
    MCC                 the correlation of truth and prediction       Matthews 1975; multiclass: Gorodkin 2004
    AUC                 the probability that a random positive scores above a random negative, ties counting half;
                        it knows no threshold                         Hanley and McNeil 1982
    average precision   the sum over thresholds of precision times the gain of recall
    log loss            the mean of -ln of the probability given to the true class, clipped to 2.2e-16
    Brier score         binary: the mean squared error of the positive's probability, 0 to 1;
                        multiclass: summed over the classes, 0 to 2   Brier 1950
    calibration error   ten equal bins of the positive's probability (multiclass: of the highest one): the mean gap
                        between probability and what happened, weighted by rows     Naeini et al. 2015

Averages over classes: `macro_` the plain mean, `weighted_` by the classes' rows, `micro_` from pooled counts.

A ratio of nothing to nothing has no value: it is NaN, and `measure` adds a note saying why. Only within an average over
classes it counts as 0, as scikit-learn's `zero_division=0` does, which the average's note says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from service.errors import InvalidInput
from service.evaluation.notes import Measure as Measure  # part of what this module offers
from service.evaluation.notes import Notes, explain_value
from service.evaluation.ranking import Cells, Indices, Ranking, divide
from service.evaluation.ranking import Floats as Floats

CALIBRATION_BINS = 10
_SMALLEST = float(np.finfo(np.float64).eps)


class Tally(NamedTuple):
    """One class against the rest: counts of any shape."""

    tp: Floats
    fp: Floats
    fn: Floats
    tn: Floats


def confusion_matrix(truth: ArrayLike, predicted: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Counts [k, k]: row = true class, column = predicted class."""
    cells = np.asarray(truth, dtype=np.intp) * classes + np.asarray(predicted, dtype=np.intp)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes).astype(np.int64)


def tally_classes(matrix: ArrayLike) -> Tally:
    """Confusion matrices [..., k, k] as counts of each class against the rest, each [..., k]."""
    counts = np.asarray(matrix, dtype=np.float64)
    tp = np.diagonal(counts, axis1=-2, axis2=-1)
    fp = counts.sum(axis=-2) - tp
    fn = counts.sum(axis=-1) - tp
    tn = counts.sum(axis=(-2, -1))[..., None] - tp - fp - fn
    return Tally(tp, fp, fn, tn)


def precision(t: Tally) -> Floats:
    """TP / (TP + FP), 0 to 1; NaN where nothing was predicted positive."""
    return divide(t.tp, t.tp + t.fp)


def recall(t: Tally) -> Floats:
    """TP / (TP + FN), 0 to 1, also called sensitivity; NaN where nothing is positive."""
    return divide(t.tp, t.tp + t.fn)


def specificity(t: Tally) -> Floats:
    """TN / (TN + FP), 0 to 1: about false positives; NaN where nothing is negative."""
    return divide(t.tn, t.tn + t.fp)


def f_beta(t: Tally, beta: float = 1.0) -> Floats:
    """(1 + b²) TP / ((1 + b²) TP + b² FN + FP), 0 to 1: precision and recall in one, recall counting b times.

    NaN where nothing is positive and nothing was called so (van Rijsbergen 1979).
    """
    b2 = beta * beta
    return divide((1 + b2) * t.tp, (1 + b2) * t.tp + b2 * t.fn + t.fp)


def accuracy(matrix: ArrayLike) -> Floats:
    """The share of rows on the diagonal of [..., k, k], 0 to 1; NaN where there is no row."""
    counts = np.asarray(matrix, dtype=np.float64)
    return divide(np.trace(counts, axis1=-2, axis2=-1), counts.sum(axis=(-2, -1)))


def balanced_accuracy(matrix: ArrayLike) -> Floats:
    """The mean of the recalls of those classes that have rows, 0 to 1; for two, the mean of recall and specificity."""
    recalls = recall(tally_classes(matrix))
    present = ~np.isnan(recalls)
    return divide(np.where(present, recalls, 0.0).sum(axis=-1), present.sum(axis=-1))


def matthews(matrix: ArrayLike) -> Floats:
    """The correlation of truth and prediction, -1 to 1; NaN where either of them is one class only.

    (TP TN - FP FN) / sqrt((TP + FP)(TP + FN)(TN + FP)(TN + FN)) for two classes (Matthews 1975);
    (right n - Σ true called) / sqrt((n² - Σ called²)(n² - Σ true²)) for k, from [..., k, k] (Gorodkin 2004).
    """
    counts = np.asarray(matrix, dtype=np.float64)
    total, right = counts.sum(axis=(-2, -1)), np.trace(counts, axis1=-2, axis2=-1)
    true, called = counts.sum(axis=-1), counts.sum(axis=-2)
    covariance = right * total - (true * called).sum(axis=-1)
    spread = (total**2 - (true**2).sum(axis=-1)) * (total**2 - (called**2).sum(axis=-1))
    return divide(covariance, np.sqrt(np.maximum(spread, 0.0)))  # rounding may leave less than nothing


def auc(positive: ArrayLike, scores: ArrayLike) -> float:
    """The probability that a random positive scores above a random negative, ties counting half, 0 to 1.

    `positive` and `scores` [n]. It knows no threshold, and is the area under the ROC curve (Hanley and McNeil 1982).
    NaN where the rows are of one class only.
    """
    ranking = Ranking(np.asarray(positive, dtype=bool), np.asarray(scores, dtype=np.float64))
    return float(ranking.score(np.ones((ranking.rows, 1), dtype=np.int32))[0][0])


def average_precision(positive: ArrayLike, scores: ArrayLike) -> float:
    """Σ P_i (R_i - R_(i-1)) over thresholds, descending: precision times the gain of recall, 0 to 1.

    `positive` and `scores` [n]; scores that tie are one threshold. NaN where nothing is positive.
    """
    ranking = Ranking(np.asarray(positive, dtype=bool), np.asarray(scores, dtype=np.float64))
    return float(ranking.score(np.ones((ranking.rows, 1), dtype=np.int32))[1][0])


class Evaluation:
    """One model's answers on n rows, prepared so that any number of resamples of the rows are measured together.

    Without `predicted` the most probable class is taken. `positive` names the class whose metrics, in the case of two
    classes, carry no class name. `cost` gives the expected cost of confusion matrices [..., k, k]. Raises InvalidInput
    for probabilities that are no numbers: they would be counted as wrong answers, or as right ones.
    """

    def __init__(
        self,
        truth: ArrayLike,
        probabilities: ArrayLike,
        *,
        classes: Sequence[str],
        positive: str | None = None,
        predicted: ArrayLike | None = None,
        cost: Callable[[Floats], Floats] | None = None,
    ) -> None:
        self.classes = tuple(classes)
        self.truth: Indices = np.asarray(truth, dtype=np.intp)
        self.probabilities: Floats = _require_numbers(np.asarray(probabilities, dtype=np.float64))
        self._cost = cost
        most_probable = self.probabilities.argmax(axis=1) if predicted is None else predicted
        self.predicted: Indices = np.asarray(most_probable, dtype=np.intp)
        self.positive = self.classes.index(positive) if positive is not None and len(self.classes) == 2 else None
        self.rows = len(self.truth)
        one_hot = np.arange(len(self.classes)) == self.truth[:, None]
        self._rankings = [Ranking(one_hot[:, i], self.probabilities[:, i]) for i in range(len(self.classes))]
        self._pooled = Ranking(one_hot.ravel(), self.probabilities.ravel(), per_row=len(self.classes))
        self._cells = Cells(self.truth * len(self.classes) + self.predicted)
        self.losses = self._losses(one_hot)  # log loss and Brier score of each row, [2, n]
        self.gaps = self._calibration_gaps()
        self._sums = np.vstack([self.losses, self.gaps])

    @property
    def possible_losses(self) -> tuple[Floats, Floats]:
        """The losses of each row had each class been the true one: log loss and Brier score, [n, k] each."""
        shares = self.probabilities
        squares = (shares**2).sum(axis=1, keepdims=True) - 2 * shares + 1
        return -np.log(np.clip(shares, _SMALLEST, 1 - _SMALLEST)), squares if self.positive is None else squares / 2

    @property
    def confusion(self) -> NDArray[np.int64]:
        """Counts [k, k]: row = true class, column = predicted class."""
        return confusion_matrix(self.truth, self.predicted, len(self.classes))

    def compute(self, weights: NDArray[np.int32]) -> dict[str, Floats]:
        """Every metric of every resample: name -> [b], from weights [n, b]. Undefined values are NaN."""
        k = len(self.classes)
        matrix = self._cells.count(weights, k * k).T.reshape(-1, k, k)
        found = self.count(matrix)
        found |= self._from_rankings(weights, matrix)
        found |= self._from_sums(weights)
        return found

    def measure(self) -> dict[str, Measure]:
        """Every metric of the rows themselves: name -> value, with a note where it is not defined."""
        found = self.compute(np.ones((self.rows, 1), dtype=np.int32))
        noted = Notes(self.classes, self.positive, self.confusion)
        return {name: noted.explain(name, float(values[0])) for name, values in found.items()}

    def count(self, matrix: Floats) -> dict[str, Floats]:
        """The metrics that confusion matrices [..., k, k] are enough for, with the expected cost: name -> [...]."""
        t = tally_classes(matrix)
        found = {
            "accuracy": accuracy(matrix),
            "balanced_accuracy": balanced_accuracy(matrix),
            "mcc": matthews(matrix),
        }
        pooled = Tally(*(counts.sum(axis=-1) for counts in t))
        rows = t.tp + t.fn
        for name, per_class, together in (
            ("precision", precision(t), precision(pooled)),
            ("recall", recall(t), recall(pooled)),
            ("specificity", specificity(t), specificity(pooled)),
            ("f1", f_beta(t), f_beta(pooled)),
            ("f2", f_beta(t, 2.0), f_beta(pooled, 2.0)),
        ):
            found |= self._name_classes(name, per_class)
            found[f"macro_{name}"] = np.nan_to_num(per_class).mean(axis=-1)
            found[f"weighted_{name}"] = divide((np.nan_to_num(per_class) * rows).sum(axis=-1), rows.sum(axis=-1))
            found[f"micro_{name}"] = together
        return found if self._cost is None else found | {"expected_cost": self._cost(matrix)}

    def _from_rankings(self, weights: NDArray[np.int32], matrix: Floats) -> dict[str, Floats]:
        scored = [ranking.score(weights) for ranking in self._rankings]
        pooled = self._pooled.score(weights)
        rows = matrix.sum(axis=-1)
        found: dict[str, Floats] = {}
        for index, name in enumerate(("auc", "average_precision")):
            per_class = np.stack([score[index] for score in scored], axis=-1)
            defined = ~np.isnan(per_class)
            values = np.where(defined, per_class, 0.0)
            found |= self._name_classes(name, per_class)
            # As scikit-learn has them: without a positive, AUC is of no class, and average precision is 0.
            counted = defined if name == "auc" else np.ones_like(defined)
            found[f"macro_{name}"] = divide(values.sum(axis=-1), counted.sum(axis=-1))
            found[f"weighted_{name}"] = divide((values * rows).sum(axis=-1), (defined * rows).sum(axis=-1))
            found[f"micro_{name}"] = pooled[index]
        return found

    def _from_sums(self, weights: NDArray[np.int32]) -> dict[str, Floats]:
        sums = self._sums @ weights.astype(np.float64)
        rows = weights.sum(axis=0, dtype=np.float64)
        return {
            "log_loss": divide(sums[0], rows),
            "brier": divide(sums[1], rows),
            "calibration_error": divide(np.abs(sums[2:]).sum(axis=0), rows),
        }

    def _name_classes(self, name: str, per_class: Floats) -> dict[str, Floats]:
        found = {} if self.positive is None else {name: per_class[..., self.positive]}
        return found | {f"{name}[{label}]": per_class[..., i] for i, label in enumerate(self.classes)}

    def _losses(self, one_hot: NDArray[np.bool_]) -> Floats:
        """Log loss and Brier score of each row: [2, n]."""
        true = self.probabilities[np.arange(self.rows), self.truth]
        squares = (self.probabilities - one_hot) ** 2
        brier = squares.sum(axis=1) if self.positive is None else squares[:, self.positive]
        return np.vstack([-np.log(np.clip(true, _SMALLEST, 1 - _SMALLEST)), brier])

    def _calibration_gaps(self) -> Floats:
        """Probability minus outcome of each row, in the line of its bin: [bins, n]."""
        if self.positive is None:
            said, came = self.probabilities.max(axis=1), self.truth == self.probabilities.argmax(axis=1)
        else:
            said, came = self.probabilities[:, self.positive], self.truth == self.positive
        self.bins = np.clip((said * CALIBRATION_BINS).astype(np.intp), 0, CALIBRATION_BINS - 1)
        return np.where(np.arange(CALIBRATION_BINS)[:, None] == self.bins, said - came, 0.0)


def _require_numbers(probabilities: Floats) -> Floats:
    bad = np.flatnonzero(~np.isfinite(probabilities).all(axis=-1))
    if bad.size:
        shown = ", ".join(map(str, bad[:5])) + (" …" if bad.size > 5 else "")
        what = f"{bad.size} of {len(probabilities)} rows have probabilities that are no numbers (rows {shown})"
        raise InvalidInput(
            what, hint="a model that answers NaN cannot be measured: find out what it does to these rows"
        )
    return probabilities


def measure_counts(tp: int, fp: int, fn: int, tn: int) -> dict[str, Measure]:
    """The metrics of one class against the rest that need counts only: what a confusion matrix on paper gives."""
    matrix = np.array([[tn, fp], [fn, tp]], dtype=np.float64)
    t = Tally(*(np.float64(count) for count in (tp, fp, fn, tn)))  # type: ignore[arg-type]
    found = {
        "accuracy": accuracy(matrix),
        "precision": precision(t),
        "recall": recall(t),
        "specificity": specificity(t),
        "f1": f_beta(t),
        "f2": f_beta(t, 2.0),
        "balanced_accuracy": balanced_accuracy(matrix),
        "mcc": matthews(matrix),
    }
    return {name: explain_value(name, float(value), "positive") for name, value in found.items()}
