"""Sums over sorted rows, for any number of resamples at once: cells of a confusion matrix, areas under curves.

Shapes: n rows, b resamples; a resample is a column of integer weights [n, b].
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


class Cells:
    """Rows sorted by the cell of the confusion matrix that they fall into, so that counting is one pass of sums."""

    def __init__(self, cells: Indices) -> None:
        self._order = np.argsort(cells, kind="stable")
        self._present, self._starts = np.unique(cells[self._order], return_index=True)

    def count(self, weights: NDArray[np.int32], cells: int) -> Floats:
        """Weights [n, b] summed by cell: [cells, b]."""
        counts = np.zeros((cells, weights.shape[1]))
        if len(self._starts):
            counts[self._present] = np.add.reduceat(weights[self._order], self._starts, axis=0)
        return counts


class Ranking:
    """Scores of one class against the rest, sorted once; AUC and average precision of any resample follow by sums.

    Rows of equal score form a group: a threshold cannot part them. Only groups that hold a positive add to either sum,
    so after one cumulated sum over all rows the work is on those alone. `per_row` entries in a line belong to one row
    (pooled scores of k classes).
    """

    def __init__(self, positive: NDArray[np.bool_], scores: Floats, *, per_row: int = 1) -> None:
        order = np.argsort(-scores, kind="stable")
        sorted_scores, sorted_positive = scores[order], positive[order]
        self.rows = len(order) // per_row
        self._order = order // per_row
        first = np.ones(len(order), dtype=bool)
        first[1:] = sorted_scores[1:] != sorted_scores[:-1]
        starts = np.flatnonzero(first)
        group = np.cumsum(first) - 1
        self._positives = np.flatnonzero(sorted_positive)
        holding, self._first_of_group = np.unique(group[self._positives], return_index=True)
        self._starts = starts[holding]
        self._ends = np.append(starts[1:], len(order))[holding]  # exclusive

    def score(self, weights: NDArray[np.int32]) -> tuple[Floats, Floats]:
        """AUC and average precision of each resample, [b] each; NaN where a side is empty."""
        if not len(self._positives):
            nothing = np.full(weights.shape[1], np.nan)
            return nothing, nothing
        cumulated = np.zeros((len(self._order) + 1, weights.shape[1]), dtype=np.int32)
        drawn = weights[self._order]
        np.cumsum(drawn, axis=0, out=cumulated[1:])
        positives = np.add.reduceat(drawn[self._positives], self._first_of_group, axis=0).astype(np.float64)
        before, upto = cumulated[self._starts].astype(np.float64), cumulated[self._ends].astype(np.float64)
        found = np.cumsum(positives, axis=0)
        total = found[-1]
        negatives = cumulated[-1] - total
        beaten = negatives - (before - (found - positives)) - (upto - before - positives) / 2
        area = divide((positives * beaten).sum(axis=0), total * negatives)
        return area, divide((positives * divide(found, upto, empty=0.0)).sum(axis=0), total)


def cumulate(positive: ArrayLike, scores: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """At each distinct score, descending: positives at or above it, rows at or above it, the score."""
    values = np.asarray(scores, dtype=np.float64)
    order = np.argsort(-values, kind="stable")
    ordered = values[order]
    last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    tp = np.cumsum(np.asarray(positive, dtype=np.float64)[order])[last]
    return tp, last + 1.0, ordered[last]


def divide(numerator: ArrayLike, denominator: ArrayLike, *, empty: float = math.nan) -> Floats:
    """Element by element, `empty` where the denominator is 0."""
    above, below = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    out = np.full(np.broadcast_shapes(above.shape, below.shape), empty)
    np.divide(above, below, out=out, where=below != 0)
    return out
