"""Step 2, data: what the table is made of, and what in it looks wrong, before anything is learnt from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from service.bundle.columns import TEXT, Column
from service.training.datasets import Dataset
from service.training.leaks import find_near_copies, find_telling

_FAR = 3.5  # robust z-score beyond which a value is called far out (Iglewicz and Hoaglin 1993)
_MAD_TO_SIGMA = 0.6745
_ANOMALOUS_SHARE = 0.2  # of a row's numbers far out at once


def report_quality(dataset: Dataset, ranges: Mapping[str, tuple[float, float]] | None = None) -> dict[str, Any]:
    """Columns left out or in doubt, types, missing values, duplicates, constant columns, values out of range or far
    out, anomalous rows, classes.

    `ranges` are the values that a column can have at all; "*" stands for every number not named.
    """
    frame = dataset.frame
    labels, counts = np.unique(dataset.labels, return_counts=True)
    numeric = frame.select_dtypes("number")
    far = find_far_values(numeric)
    repeated = frame.duplicated()
    return {
        "name": dataset.name,
        "sha256": dataset.sha256,
        "rows": len(frame),
        "target": dataset.target,
        "datatype": dataset.datatype,
        "read_as": dict(dataset.read_as),
        "left_out": [{"column": column, "why": why} for column, why in dataset.left_out.items()],
        "doubts": [{"column": column, "why": why} for column, why in dataset.doubts.items()],
        "columns": [_describe_column(frame[column.name], column) for column in dataset.columns],
        "missing_values": int(sum(_count_missing(frame[name]) for name in frame.columns)),
        "constant_columns": [str(name) for name in frame.columns if frame[name].nunique(dropna=False) == 1],
        "duplicate_rows": [int(row) for row in np.flatnonzero(repeated)],
        "near_copies": sorted({*find_near_copies(frame), *_find_alike(dataset)}),
        "telling_columns": find_telling(frame, dataset.labels),
        "contradicting_rows": _find_contradictions(frame, dataset.labels),
        "out_of_range": find_out_of_range(numeric, ranges or {}),
        "far_values": {str(name): int(far[:, i].sum()) for i, name in enumerate(numeric.columns) if far[:, i].any()},
        "anomalous_rows": [int(row) for row in np.flatnonzero(far.mean(axis=1) > _ANOMALOUS_SHARE)] if far.size else [],
        "classes": {str(label): int(count) for label, count in zip(labels, counts, strict=True)},
        "imbalance_ratio": round(float(counts.max() / counts.min()), 3),
    }


def find_out_of_range(numeric: pd.DataFrame, ranges: Mapping[str, tuple[float, float]]) -> dict[str, list[int]]:
    """The rows of each column that hold what it cannot: column -> row numbers."""
    found = {}
    for name, column in numeric.items():
        ends = ranges.get(str(name), ranges.get("*"))
        if ends is not None and len(rows := np.flatnonzero((column < ends[0]) | (column > ends[1]))):
            found[str(name)] = [int(row) for row in rows]
    return found


def find_far_values(numeric: pd.DataFrame) -> NDArray[np.bool_]:
    """Which numbers lie far out of their column, [n, columns]: a robust z-score beyond 3.5.

    A column of which more than half is one value has no robust spread, and nothing in it is called far out.
    """
    values = numeric.to_numpy(dtype=np.float64)
    if not values.size:
        return np.zeros(values.shape, dtype=bool)
    centred = np.abs(values - np.nanmedian(values, axis=0))
    spread = np.nanmedian(centred, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = np.where(spread > 0, _MAD_TO_SIGMA * centred / spread, 0.0)
    return np.asarray(scores > _FAR)


def _describe_column(values: pd.Series, column: Column) -> dict[str, Any]:
    said: dict[str, Any] = {"name": column.name, "missing": _count_missing(values), "distinct": values.nunique()}
    said |= {"type": column.type}
    if column.is_numeric:
        low, high = float(values.min()), float(values.max())
        return said | {"min": low, "max": high, "mean": round(float(values.mean()), 6)}
    if column.type == TEXT:
        return said | {"longest": int(values.str.len().max())}
    return said | {"values": sorted(values.unique())[:20]}


def _count_missing(column: pd.Series) -> int:
    numeric = pd.api.types.is_numeric_dtype(column)
    return int(column.isna().sum()) if numeric else int((column == "").sum())


def _find_alike(dataset: Dataset) -> list[int]:
    """Rows that are an earlier one again but for some words of their free text."""
    alike = dataset.alike.duplicated() & ~dataset.frame.duplicated()
    return np.flatnonzero(alike).tolist() if dataset.texts else []


def _find_contradictions(frame: pd.DataFrame, labels: NDArray[np.object_]) -> list[int]:
    """Rows whose features are those of an earlier row with another label: no model can get both right."""
    groups = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    first: dict[int, Any] = {}
    return [
        row
        for row, (key, label) in enumerate(zip(groups, labels, strict=True))
        if first.setdefault(key, label) != label
    ]
