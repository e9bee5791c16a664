"""Which rows train and which judge: seeded, stratified, recorded.

Rows that belong together lie on one side of every split: copies of each other, and those of one group (a patient, a
machine) where the table names one. By time, what judges is later than what trains, as it will be in use.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, train_test_split

from service.errors import InvalidInput, Mistake
from service.training.algorithms import CALIBRATION_FOLDS
from service.training.problem import SplitPlan

Rows = NDArray[np.intp]
Fold = tuple[Rows, Rows]
_MANY_GROUPS = 2000  # of more, one row stands for each group: StratifiedGroupKFold looks at every group for every fold


@dataclass(frozen=True)
class Splits:
    """Row numbers of a data set.

    `training` and `held_out` part it; `folds` part the training rows alone, for tuning; `judging` parts the whole set,
    for the gate. Each fold is (rows to fit on, rows to predict). By time the earliest rows are predicted by no fold.
    """

    training: Rows
    held_out: Rows
    folds: tuple[Fold, ...]
    judging: tuple[Fold, ...]

    @property
    def tuned(self) -> Rows:
        """The training rows that a fold predicts, ascending."""
        return np.sort(np.concatenate([judge for _, judge in self.folds]))

    @property
    def judged(self) -> Rows:
        """The rows of the whole set that a fold predicts, ascending."""
        return np.sort(np.concatenate([judge for _, judge in self.judging]))

    def to_document(self) -> dict[str, Any]:
        """Plain data, to be kept beside the model: whoever wants to check the split can."""
        return {
            "training": self.training.tolist(),
            "held_out": self.held_out.tolist(),
            "folds": [fold.tolist() for _, fold in self.folds],
            "judging": [fold.tolist() for _, fold in self.judging],
        }


def split_rows(
    truth: ArrayLike,
    classes: Sequence[str],
    plan: SplitPlan,
    *,
    groups: ArrayLike | None = None,
    times: ArrayLike | None = None,
) -> Splits:
    """Part the rows. `groups` [n]: rows of one value stay together; `times` [n]: later rows judge earlier ones.

    Raises InvalidInput when a class has fewer rows, groups or early rows than the folds need.
    """
    labels = np.asarray(truth, dtype=np.intp)
    _refuse_too_few(labels, classes, plan)
    if times is not None:
        splits = _split_by_time(np.asarray(times, dtype=np.float64), plan)
    elif groups is not None and len(np.unique(groups)) < len(labels):
        splits = _split_by_group(labels, np.unique(groups, return_inverse=True)[1], plan, classes)
    else:
        splits = _split_alone(labels, plan)
    _refuse_absent(labels, classes, splits, "time" if times is not None else "group")
    return splits


def _split_alone(labels: NDArray[np.intp], plan: SplitPlan) -> Splits:
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


def _split_by_group(
    labels: NDArray[np.intp], groups: NDArray[np.intp], plan: SplitPlan, classes: Sequence[str]
) -> Splits:
    rows = np.arange(len(labels))
    _refuse_few_groups(labels, groups, classes, plan)
    parts = max(2, round(1 / plan.held_out))
    training, held_out = _fold_groups(rows, labels, groups, parts, plan.seed)[0]
    return Splits(
        training,
        held_out,
        tuple(_fold_groups(training, labels, groups, plan.folds, plan.seed)),
        tuple(_fold_groups(rows, labels, groups, plan.folds, plan.seed)),
    )


def _fold_groups(rows: Rows, labels: NDArray[np.intp], groups: NDArray[np.intp], folds: int, seed: int) -> list[Fold]:
    """Folds of some rows, stratified as well as whole groups can be."""
    mine, of_group = labels[rows], groups[rows]
    _, first, member = np.unique(of_group, return_index=True, return_inverse=True)
    if len(first) <= _MANY_GROUPS:
        found = StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(rows, mine, of_group)
        return [(rows[fit], rows[judge]) for fit, judge in found]
    alone = StratifiedKFold(folds, shuffle=True, random_state=seed)
    judged = [np.isin(member, judge) for _, judge in alone.split(first, mine[first])]
    return [(rows[~judge], rows[judge]) for judge in judged]


def _split_by_time(times: NDArray[np.float64], plan: SplitPlan) -> Splits:
    """The latest rows held out; each fold is predicted from all that came before it. Equal times are not parted."""
    order = np.argsort(times, kind="stable")
    cut = _cut_at(times[order], [round(len(order) * (1 - plan.held_out))])[0]
    return Splits(
        np.sort(order[:cut]),
        np.sort(order[cut:]),
        tuple(_fold_forward(order[:cut], times, plan.folds)),
        tuple(_fold_forward(order, times, plan.folds)),
    )


def _fold_forward(order: Rows, times: NDArray[np.float64], folds: int) -> list[Fold]:
    ends = [round(len(order) * place / (folds + 1)) for place in range(1, folds + 1)]
    cuts = [*_cut_at(times[order], ends), len(order)]
    return [
        (np.sort(order[:begin]), np.sort(order[begin:end])) for begin, end in itertools.pairwise(cuts) if begin < end
    ]


def _cut_at(ascending: NDArray[np.float64], places: Sequence[int]) -> list[int]:
    """Where to cut sorted times: before the first of those that equal the one at each place."""
    return [int(np.searchsorted(ascending, ascending[place], side="left")) for place in places]


def _refuse_too_few(labels: NDArray[np.intp], classes: Sequence[str], plan: SplitPlan) -> None:
    _refuse_few(np.bincount(labels, minlength=len(classes)), "rows", classes, plan)


def _refuse_few_groups(
    labels: NDArray[np.intp], groups: NDArray[np.intp], classes: Sequence[str], plan: SplitPlan
) -> None:
    counts = np.array([len(np.unique(groups[labels == index])) for index in range(len(classes))])
    _refuse_few(counts, "groups of rows that belong together", classes, plan)


def _refuse_few(counts: NDArray[np.intp], what: str, classes: Sequence[str], plan: SplitPlan) -> None:
    needed = count_needed(plan)
    few = [
        Mistake(f"class {name}", f"has {count} {what}; {plan.folds} folds and a held-out part need {needed}")
        for name, count in zip(classes, counts, strict=True)
        if count < needed
    ]
    if few:
        raise InvalidInput(
            "there are fewer rows than folds need",
            few,
            hint="bring more rows of these classes, join rare classes into one, or lower splits.folds",
        )


def _refuse_absent(labels: NDArray[np.intp], classes: Sequence[str], splits: Splits, by: str) -> None:
    """Refuse splits in which some model would have to learn without a class."""

    def lacks(rows: Rows) -> Callable[[int], bool]:
        counts = np.bincount(labels[rows], minlength=len(classes))
        return lambda index: bool(counts[index] < CALIBRATION_FOLDS)

    parts = [lacks(rows) for rows in (splits.training, *(fit for fit, _ in (*splits.folds, *splits.judging)))]
    absent = [name for index, name in enumerate(classes) if any(part(index) for part in parts)]
    if absent or not splits.held_out.size:
        mistakes = [Mistake(f"class {name}", f"has not {CALIBRATION_FOLDS} rows in every part") for name in absent]
        hint = f"part the rows otherwise than by {by}, lower splits.folds, or bring more rows"
        raise InvalidInput(f"parted by {by}, some part would have to learn without a class", mistakes, hint=hint)


def count_needed(plan: SplitPlan) -> int:
    """The least rows of a class: one held out, one in each fold, and beside a fold enough to calibrate on."""

    def suffices(rows: int) -> bool:
        held_out = int(rows * plan.held_out)  # rounded down, since other classes may get the row between
        training = rows - int(np.ceil(rows * plan.held_out))
        beside_a_fold = training - int(np.ceil(training / plan.folds))
        return held_out >= 1 and training >= plan.folds and beside_a_fold >= CALIBRATION_FOLDS

    return next(rows for rows in itertools.count(1) if suffices(rows))
