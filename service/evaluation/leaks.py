"""What makes held-out rows look better than rows to come: rows nearly there twice, columns that give the label away.

A measured row comes twice where a table was joined or resampled; a column gives the label away where it was written
down after the outcome, or by it. Neither is a mistake in itself, so both are named and none is refused.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.neighbors import KDTree

NEAR = 1e-3  # of a column's standard deviation
_LEAST_NUMBERS = 4  # of fewer columns, rows are near each other by chance
_MOST_ROWS = 20_000
_TELLING = 0.01  # of the errors that always saying the commonest class makes


def find_near_copies(frame: pd.DataFrame) -> list[int]:
    """Rows [numbers, ascending] that are an earlier row again but for less than a thousandth of each column's spread.

    Copies to the last digit are not among them. Looks at the first 20,000 rows, and at tables with at least four
    columns of numbers that vary.
    """
    frame = frame.iloc[:_MOST_ROWS]
    first = np.flatnonzero(~frame.duplicated())
    numbers = frame.select_dtypes("number").iloc[first]
    values, spread = numbers.to_numpy(dtype=np.float64), numbers.std(ddof=0).to_numpy(dtype=np.float64)
    varying = np.isfinite(spread) & (spread > 0)
    if varying.sum() < _LEAST_NUMBERS:
        return []
    scaled = values[:, varying] / spread[varying]
    # Rows with a missing value in different columns, or with different texts, are not near: they are far apart below.
    scaled = np.nan_to_num(scaled - np.nanmean(scaled, axis=0), nan=1e6)
    found = KDTree(scaled, metric="chebyshev").query_radius(scaled, NEAR)
    others = pd.util.hash_pandas_object(frame.select_dtypes(exclude="number").iloc[first], index=False).to_numpy()
    texts = others if len(others) else np.zeros(len(first))
    return [int(first[row]) for row, near in enumerate(found) if ((near < row) & (texts[near] == texts[row])).any()]


def find_telling(frame: pd.DataFrame, labels: NDArray[np.object_]) -> list[str]:
    """Columns of which each alone gives the label away, but for a hundredth of the rows not of the commonest class."""
    names, truth = np.unique(labels.astype(str), return_inverse=True)
    most = _TELLING * (len(truth) - np.bincount(truth).max())
    return [str(name) for name in frame.columns if _count_errors(frame[name], truth, len(names)) <= most]


def _count_errors(column: pd.Series, truth: NDArray[np.intp], classes: int) -> float:
    """How many rows a rule on this column alone gets wrong: one class for each value, or for each range of numbers."""
    codes, values = pd.factorize(column, sort=True, use_na_sentinel=False)
    if len(values) <= len(column) / 10:
        counts = np.zeros((len(values), classes), dtype=np.int64)
        np.add.at(counts, (codes, truth), 1)
        return float(len(column) - counts.max(axis=1).sum())
    if not pd.api.types.is_numeric_dtype(column):
        return float("inf")
    # In the order of the values, each change of class beyond those between the classes is a row on the wrong side.
    changes = int(np.count_nonzero(np.diff(truth[np.lexsort((truth, codes))])))
    return float(max(0, changes - (classes - 1)))
