"""Which rows train and which judge: seeded, stratified, recorded."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import StratifiedKFold, train_test_split

from service.errors import InvalidInput, Mistake
from service.training.algorithms import CALIBRATION_FOLDS
from service.training.problem import SplitPlan

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Splits:
    """Row numbers of a data set.

    `training` and `held_out` part it; `folds` part the training rows alone, for tuning; `judging` parts the whole set,
    for the gate. Each fold is (rows to fit on, rows to predict).
    """

    training: Rows
    held_out: Rows
    folds: tuple[tuple[Rows, Rows], ...]
    judging: tuple[tuple[Rows, Rows], ...]

    def to_document(self) -> dict[str, Any]:
        """Plain data, to be kept beside the model: whoever wants to check the split can."""
        return {
            "training": self.training.tolist(),
            "held_out": self.held_out.tolist(),
            "folds": [fold.tolist() for _, fold in self.folds],
            "judging": [fold.tolist() for _, fold in self.judging],
        }


def split_rows(truth: ArrayLike, classes: Sequence[str], plan: SplitPlan) -> Splits:
    """Part the rows. Raises InvalidInput when a class has fewer rows than the folds need."""
    labels = np.asarray(truth, dtype=np.intp)
    _refuse_too_few(labels, classes, plan)
    rows = np.arange(len(labels))
    training, held_out = train_test_split(rows, test_size=plan.held_out, stratify=labels, random_state=plan.seed)
    training, held_out = np.sort(training), np.sort(held_out)
    folds = StratifiedKFold(plan.folds, shuffle=True, random_state=plan.seed)
    return Splits(
        training,
        held_out,
        tuple((training[fit], training[judge]) for fit, judge in folds.split(training, labels[training])),
        tuple((fit, judge) for fit, judge in folds.split(rows, labels)),
    )


def _refuse_too_few(labels: NDArray[np.intp], classes: Sequence[str], plan: SplitPlan) -> None:
    counts = np.bincount(labels, minlength=len(classes))
    needed = count_needed(plan)
    few = [
        Mistake(f"class {name}", f"has {count} rows; {plan.folds} folds and a held-out part need {needed}")
        for name, count in zip(classes, counts, strict=True)
        if count < needed
    ]
    if few:
        raise InvalidInput(
            "there are fewer rows than folds need",
            few,
            hint="bring more rows of these classes, join rare classes into one, or lower splits.folds",
        )


def count_needed(plan: SplitPlan) -> int:
    """The least rows of a class: one held out, one in each fold, and beside a fold enough to calibrate on."""

    def suffices(rows: int) -> bool:
        held_out = int(rows * plan.held_out)  # rounded down, since other classes may get the row between
        training = rows - int(np.ceil(rows * plan.held_out))
        beside_a_fold = training - int(np.ceil(training / plan.folds))
        return held_out >= 1 and training >= plan.folds and beside_a_fold >= CALIBRATION_FOLDS

    return next(rows for rows in itertools.count(1) if suffices(rows))
