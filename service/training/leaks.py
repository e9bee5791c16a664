"""What makes held-out rows look better than rows to come: rows nearly there twice, columns that give the label away.

A measured row comes twice where a table was joined or resampled: copies stay on one side of every split. A column gives
the label away where it was written down after the outcome, or by it: whether it will be there for rows to come only a
person can say, so nothing is learnt before one did.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.neighbors import KDTree

NEAR = 1e-3  # of a column's standard deviation
_LEAST_NUMBERS = 4  # of fewer columns, rows are near each other by chance
_MOST_ROWS = 20_000
_TELLING = 0.01  # of the errors that always saying the commonest class makes
_LEAST_ERRORS = 20  # that it has to make: among fewer rows, some column tells them apart by chance


def find_near_copies(frame: pd.DataFrame) -> list[int]:
    """Rows [numbers, ascending] that are an earlier row again but for less than a thousandth of each column's spread.

    Copies to the last digit are not among them. Looks at the first 20,000 rows, and at tables with at least four
    columns of numbers that vary.
    """
    later, _ = _pair_near(frame)
    return sorted(set(later.tolist()))


def group_copies(frame: pd.DataFrame) -> NDArray[np.intp]:
    """A number for each row [n]: the same for rows that are copies, or nearly copies, of each other."""
    exact = pd.factorize(pd.util.hash_pandas_object(frame, index=False))[0].astype(np.intp)
    later, earlier = _pair_near(frame)
    pairs = coo_matrix((np.ones(len(later)), (exact[later], exact[earlier])), shape=(exact.max() + 1,) * 2)
    return np.asarray(connected_components(pairs, directed=False)[1][exact], dtype=np.intp)


def _pair_near(frame: pd.DataFrame) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows that are nearly copies: each later one, and an earlier one that it is near to."""
    frame = frame.iloc[:_MOST_ROWS]
    first = np.flatnonzero(~frame.duplicated())
    nothing = np.array([], dtype=np.intp)
    numbers = frame.select_dtypes("number").iloc[first]
    values, spread = numbers.to_numpy(dtype=np.float64), numbers.std(ddof=0).to_numpy(dtype=np.float64)
    varying = np.isfinite(spread) & (spread > 0)
    if varying.sum() < _LEAST_NUMBERS:
        return nothing, nothing
    scaled = values[:, varying] / spread[varying]
    # Rows with a missing value in different columns, or with different texts, are not near: they are far apart below.
    scaled = np.nan_to_num(scaled - np.nanmean(scaled, axis=0), nan=1e6)
    found = KDTree(scaled, metric="chebyshev").query_radius(scaled, NEAR)
    counts = np.array([len(near) for near in found])
    later, earlier = np.repeat(np.arange(len(first)), counts), np.concatenate(found)
    others = pd.util.hash_pandas_object(frame.select_dtypes(exclude="number").iloc[first], index=False).to_numpy()
    texts = others if len(others) else np.zeros(len(first))
    near = (earlier < later) & (texts[earlier] == texts[later])
    return first[later[near]], first[earlier[near]]


def find_telling(frame: pd.DataFrame, labels: NDArray[np.object_]) -> list[str]:
    """Columns of which each alone gives the label away, but for a hundredth of the rows not of the commonest class."""
    names, truth = np.unique(labels.astype(str), return_inverse=True)
    rarer = len(truth) - int(np.bincount(truth).max())
    if rarer < _LEAST_ERRORS:
        return []
    most = _TELLING * rarer
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
