"""Somebody's predictions, evaluated without the model that made them: a file with the truth and what was predicted.

Three kinds of columns are understood: the probability of each class, under the class's name or `p_` and that name (as
`outlast predict --csv` writes them); the probability of the positive class alone, `probability` or `score`; and the
class that was predicted, `label`, `predicted` or `prediction`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidInput, Mistake
from service.importing.foreign import Floats
from service.importing.table import GivenTable, read_table
from service.training.columns import name_lines

_LABELS = ("label", "predicted", "prediction", "predicted_label")
_SHARES = ("probability", "score", "p", "proba")
_SUM_TOLERANCE = 0.01  # of a row's probabilities: files have them rounded to two decimals


@dataclass(frozen=True)
class Predictions:
    """Predictions of some rows: `probabilities` [rows, classes], `labels` [rows]; each None where the file has none."""

    path: Path
    sha256: str
    classes: tuple[str, ...]
    truth: NDArray[np.object_]
    probabilities: Floats | None
    labels: NDArray[np.object_] | None
    columns: Mapping[str, str]
    lines: NDArray[np.int64]


def read_predictions(path: Path, target: str, *, truth: GivenTable | None, positive: str | None) -> Predictions:
    """Read a file of predictions. The truth is its column `target`, or that of another table with the same rows.

    Raises InvalidInput, with the lines, for what are no predictions of these rows.
    """
    table = read_table(path, target) if truth is None else read_table(path, None)
    true = table.labels if truth is None else truth.labels
    if len(true) != len(table.lines):
        what = f"{path} has {len(table.lines)} predictions, the table has {len(true)} rows"
        raise InvalidInput(what, hint="one prediction for each row of the table, in its order")
    labels = _find_labels(table)
    classes = tuple(sorted({*true.tolist(), *([] if labels is None else labels.tolist())}))
    found, columns = _find_probabilities(table, classes, positive)
    if found is None and labels is None:
        shown = ", ".join(table.features[:20])
        hint = f"a column for each class ({', '.join(classes[:5])}), or `probability` and --positive, or `label`"
        raise InvalidInput(f"{path} holds no predictions; its columns are {shown}", hint=hint)
    name = next((n for n in _LABELS if n in table.values), "")
    said = columns | ({"the predicted class": name} if labels is not None else {})
    return Predictions(path, table.sha256, classes, true, found, labels, said, table.lines)


def _find_labels(table: GivenTable) -> NDArray[np.object_] | None:
    name = next((name for name in _LABELS if name in table.values), None)
    if name is None:
        return None
    labels = table.read_texts(name)
    if (empty := np.flatnonzero(labels == "")).size:
        what = f"has no prediction in {name_lines(table.lines[empty])}"
        raise InvalidInput(f"{table.path} lacks predictions", [Mistake(f"column {name}", what)])
    return labels


def _find_probabilities(
    table: GivenTable, classes: Sequence[str], positive: str | None
) -> tuple[Floats | None, dict[str, str]]:
    for spell in _SPELLINGS:
        names = [spell(name) for name in classes]
        if all(name in table.values for name in names):
            shares = np.column_stack([_read_shares(table, name) for name in names])
            _refuse_sums(table, shares)
            return shares, {f"the probability of {c}": n for c, n in zip(classes, names, strict=True)}
    name = next((name for name in _SHARES if name in table.values), None)
    if name is None:
        return None, {}
    if len(classes) != 2 or positive not in classes:
        what = f"{table.path} has one column of probabilities, {name}, and of which class they are is not said"
        raise InvalidInput(
            what, hint=f"--positive takes one of {', '.join(classes[:20])}; of more than two, one column each"
        )
    second = _read_shares(table, name)
    shares = np.column_stack([second if c == positive else 1 - second for c in classes])
    return shares, {f"the probability of {positive}": name}


_SPELLINGS: tuple[Callable[[str], str], ...] = (
    lambda name: f"p_{name}",
    lambda name: f"p({name})",
    lambda name: f"probability_{name}",
    lambda name: name,
)


def _read_shares(table: GivenTable, name: str) -> Floats:
    values: NDArray[Any] = table.values[name]
    if values.dtype == object:
        raise InvalidInput(
            f"{table.path} is wrong", [Mistake(f"column {name}", "holds text where probabilities are due")]
        )
    wrong = np.flatnonzero(~((values >= 0) & (values <= 1)))
    if len(wrong):
        what = f"holds {values[wrong[0]]:g} in {name_lines(table.lines[wrong])}, which is no probability"
        raise InvalidInput(
            f"{table.path} is wrong", [Mistake(f"column {name}", what, "a probability lies from 0 to 1")]
        )
    return np.asarray(values, dtype=np.float64)


def _refuse_sums(table: GivenTable, shares: Floats) -> None:
    wrong = np.flatnonzero(np.abs(shares.sum(axis=1) - 1) > _SUM_TOLERANCE)
    if len(wrong):
        what = f"add up to {shares[wrong[0]].sum():.4g} in {name_lines(table.lines[wrong])}, not to 1"
        raise InvalidInput(f"{table.path} is wrong", [Mistake("its probabilities", what)])
