"""A metric's value with the words that it needs where it is not defined, or leaves something out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Measure:
    """A metric's value, and a note where it needs one: why it is not defined, or what was left out."""

    value: float
    note: str = ""


class Notes:
    """Why a metric of these rows is not defined, in words. `confusion` [k, k]: row = true class."""

    def __init__(self, classes: Sequence[str], positive: int | None, confusion: NDArray[np.int64]) -> None:
        self._classes, self._positive = tuple(classes), positive
        self._absent = [label for label, rows in zip(self._classes, confusion.sum(axis=1), strict=True) if not rows]
        self._uncalled = [label for label, rows in zip(self._classes, confusion.sum(axis=0), strict=True) if not rows]
        self._rows = int(confusion.sum())

    def explain(self, name: str, value: float) -> Measure:
        """The value as it is reported, and the note."""
        if not self._rows:
            return Measure(math.nan, "there are no rows")
        if math.isnan(value):
            label = name.partition("[")[2].rstrip("]")
            if not label and self._positive is not None:
                label = self._classes[self._positive]
            return explain_value(name.partition("[")[0], value, label or "any one class")
        return Measure(value, self._left_out(name))

    def _left_out(self, name: str) -> str:
        if name == "balanced_accuracy" and self._absent:
            return f"no row is {_list(self._absent)}: the mean is over the other classes"
        if name in ("macro_auc", "weighted_auc") and self._absent:
            return f"no row is {_list(self._absent)}: left out of the mean"
        counted_as_zero = {
            "macro_precision": self._uncalled,
            "macro_recall": self._absent,
            "macro_average_precision": self._absent,
            "macro_f1": [label for label in self._absent if label in self._uncalled],
            "macro_f2": [label for label in self._absent if label in self._uncalled],
            "weighted_precision": [label for label in self._uncalled if label not in self._absent],
        }.get(name, [])
        return f"0/0 for {_list(counted_as_zero)}: counted as 0 in the mean" if counted_as_zero else ""


def explain_value(name: str, value: float, label: str) -> Measure:
    """A metric of one class: NaN stays NaN, with a note that says why it has no value."""
    if not math.isnan(value):
        return Measure(value)
    why: Mapping[str, str] = {
        "precision": f"nothing was predicted {label}",
        "recall": f"no row is {label}",
        "specificity": f"no row is other than {label}",
        "f1": f"no row is {label} and none was predicted so",
        "f2": f"no row is {label} and none was predicted so",
        "average_precision": f"no row is {label}",
        "mcc": "the rows or the predictions are of one class only",
    }
    if name.endswith("auc"):
        return Measure(math.nan, "AUC compares positives with negatives: the rows hold only one of the two")
    return Measure(math.nan, f"{why.get(name, 'there is nothing to divide by')}: 0/0 is not defined")


def _list(labels: Sequence[str]) -> str:
    return ", ".join(labels)
