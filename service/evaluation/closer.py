"""The winner looked at closely: what it relies on, which rows it gets most wrong, and for whom it does worse.

Importance is what shuffling a column costs in log loss on the held-out rows (Breiman 2001; Fisher et al. 2019): of two
columns that say the same, neither seems important. Slices are rows alike in one column; each is held against all other
rows by Fisher's exact test, at 5 % divided by the number of slices, so that a table of many does not always show one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import fisher_exact

from service.evaluation.findings import Findings
from service.evaluation.metrics import Evaluation
from service.training.calibration import log_losses

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Predict = Callable[[Any], Floats]  # raw rows -> probabilities

_SHUFFLES = 5
_MOST_ROWS = 2000
_MOST_FITS = 1500  # shuffled copies of the rows that are predicted
_WORST = 10
_LEAST_OF_SLICE = 20
_MOST_VALUES = 12  # of one column
_QUARTERS = 3  # columns of numbers, the most important ones, that are cut into quarters
_LEVEL = 0.05


@dataclass(frozen=True)
class Importance:
    """What shuffling one column adds to the log loss: the mean and the spread over shuffles."""

    column: str
    loss: float
    spread: float


@dataclass(frozen=True)
class WorstRow:
    """A row of the table with what the model said of it, and its values in the columns that matter most."""

    row: int
    true: str
    predicted: str
    probability: float  # of the true class
    values: Mapping[str, str]


@dataclass(frozen=True)
class Slice:
    """Rows alike in one column: how many, the share that is right, their log loss; `worse`: clearly than the others."""

    column: str
    value: str
    rows: int
    accuracy: float
    log_loss: float
    worse: bool


@dataclass(frozen=True)
class Closer:
    """What a closer look found. `left_out`: columns whose importance was not measured, the table having too many."""

    importance: tuple[Importance, ...]
    left_out: int
    worst: tuple[WorstRow, ...]
    slices: tuple[Slice, ...]

    def to_document(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "importance": [_round(asdict(each)) for each in self.importance],
            "importance_not_measured": self.left_out,
            "worst_rows": [_round(asdict(each)) for each in self.worst],
            "slices": [_round(asdict(each)) for each in self.slices],
        }


@dataclass(frozen=True)
class Answers:
    """A model's answers to some rows of a table: their numbers, true and predicted classes, and probabilities."""

    rows: Rows
    truth: Rows
    predicted: Rows
    probabilities: Floats


def examine(found: Findings) -> Closer:
    """A closer look at the winner of a problem."""
    bench, winner = found.bench, found.winner

    def predict(rows: Any) -> Floats:
        return winner.calibration.apply(winner.final.predict_proba(rows))

    return look_closer(
        bench.dataset.frame,
        bench.dataset.rows(),
        predict,
        _answers(bench.splits.held_out, winner.held_out.evaluation),
        _answers(bench.splits.judged, found.cross_validated.evaluation),
        bench.classes,
        bench.problem.splits.seed,
    )


def _answers(rows: Rows, evaluation: Evaluation) -> Answers:
    return Answers(rows, evaluation.truth, evaluation.predicted, evaluation.probabilities)


def look_closer(
    frame: pd.DataFrame,
    raw: Any,
    predict: Predict,
    held_out: Answers,
    judged: Answers,
    classes: Sequence[str],
    seed: int,
) -> Closer:
    """Importance and worst rows on `held_out`, slices on `judged`. `raw` [n, columns]: what `predict` takes."""
    importance, left_out = measure_importance(list(map(str, frame.columns)), raw, predict, held_out, seed)
    return Closer(
        tuple(importance),
        left_out,
        tuple(find_worst(frame, held_out, classes, [each.column for each in importance[:4]])),
        tuple(measure_slices(frame, judged, [each.column for each in importance])),
    )


def measure_importance(
    columns: Sequence[str], raw: Any, predict: Predict, answers: Answers, seed: int
) -> tuple[list[Importance], int]:
    """The columns by what shuffling them costs, the dearest first; and how many there were too many of."""
    rng = np.random.default_rng(seed)
    drawn = rng.permutation(len(answers.rows))[:_MOST_ROWS]
    rows, truth = raw[answers.rows[drawn]], answers.truth[drawn]
    before = log_losses(truth, answers.probabilities[drawn]).mean()
    measured = columns[:_MOST_FITS]
    shuffles = max(1, min(_SHUFFLES, _MOST_FITS // len(measured)))
    found = []
    for place, column in enumerate(measured):
        losses = []
        for _ in range(shuffles):
            changed = rows.copy()
            changed[:, place] = rng.permutation(changed[:, place])
            losses.append(float(log_losses(truth, predict(changed)).mean() - before))
        found.append(Importance(column, float(np.mean(losses)), float(np.std(losses))))
    return sorted(found, key=lambda each: -each.loss), len(columns) - len(measured)


def find_worst(
    frame: pd.DataFrame, answers: Answers, classes: Sequence[str], shown: Sequence[str]
) -> Iterator[WorstRow]:
    """The rows whose true class the model thought least likely."""
    of_true = answers.probabilities[np.arange(len(answers.truth)), answers.truth]
    for place in np.argsort(of_true, kind="stable")[:_WORST]:
        row = int(answers.rows[place])
        yield WorstRow(
            row,
            classes[answers.truth[place]],
            classes[answers.predicted[place]],
            float(of_true[place]),
            {column: _show(frame[column].iloc[row]) for column in shown},
        )


def measure_slices(frame: pd.DataFrame, answers: Answers, important: Sequence[str]) -> list[Slice]:
    """Rows alike in a category, or in a quarter of the numbers that matter most; those clearly worse first."""
    right = answers.predicted == answers.truth
    losses = log_losses(answers.truth, answers.probabilities)
    cut = [(column, value, mask) for column, value, mask in _cut(frame.iloc[answers.rows], important)]
    found = [
        Slice(
            column,
            value,
            int(mask.sum()),
            float(right[mask].mean()),
            float(losses[mask].mean()),
            _is_worse(right, mask, _LEVEL / len(cut)),
        )
        for column, value, mask in cut
    ]
    return sorted(found, key=lambda each: (not each.worse, each.accuracy))


def _cut(frame: pd.DataFrame, important: Sequence[str]) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    numeric = [column for column in important if pd.api.types.is_numeric_dtype(frame[column])]
    for column in frame.columns:
        values = frame[column]
        if pd.api.types.is_numeric_dtype(values):
            if str(column) not in numeric[:_QUARTERS]:
                continue
            values = _quarter(values)
        counts = values.value_counts()
        for value in counts[counts >= _LEAST_OF_SLICE].index[:_MOST_VALUES]:
            mask = (values == value).to_numpy()
            if not mask.all():
                yield str(column), str(value) or "(missing)", mask


def _quarter(values: pd.Series) -> pd.Series:
    """Numbers as the quarter that they lie in; a missing one as (missing)."""
    quarters = pd.qcut(values, 4, duplicates="drop", precision=3).astype(str)
    return quarters.where(values.notna(), "(missing)")


def _is_worse(right: NDArray[np.bool_], mask: NDArray[np.bool_], level: float) -> bool:
    table = [[right[mask].sum(), (~right[mask]).sum()], [right[~mask].sum(), (~right[~mask]).sum()]]
    return bool(fisher_exact(table, alternative="less").pvalue < level)


def _show(value: Any) -> str:
    if isinstance(value, str):
        return value or "(missing)"
    return "(missing)" if value != value else f"{value:.4g}"


def _round(document: dict[str, Any]) -> dict[str, Any]:
    return {key: round(value, 6) if isinstance(value, float) else value for key, value in document.items()}
