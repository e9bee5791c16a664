"""What training saw of each feature, small enough for a manifest; and how far live rows have drifted from it.

A numeric feature is remembered as counts between its deciles: bin i holds `edges[i-1] <= x < edges[i]`, the first and
the last bin are open. A categorical one is remembered as counts by value, free text as the lengths of its texts: what
people wrote is nobody's to keep in a manifest. Goes into the image: numpy only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from service.bundle.missing import is_missing

BINS = 10
PREDICTIONS = "(label)"  # beside the features: what the model predicted on rows that it was not fitted on
_LEAST_SHARE = 1e-4  # an empty bin would make the stability index infinite


def describe_numbers(values: ArrayLike) -> dict[str, Any]:
    """The reference of a numeric feature: `edges` (at most 9, ascending), `counts` (one more), `missing`, `min`, `max`.

    Values are taken as float32, as the served model takes them.
    """
    column = np.asarray(values, dtype=np.float32)
    present = column[np.isfinite(column)]
    edges = np.unique(np.quantile(present, np.arange(1, BINS) / BINS)) if present.size else np.empty(0)
    counts, missing = count_numbers(edges, column)
    return {
        "kind": "numeric",
        "edges": [float(edge) for edge in edges],
        "counts": [int(count) for count in counts],
        "missing": missing,
        "min": float(present.min()) if present.size else None,
        "max": float(present.max()) if present.size else None,
    }


def describe_categories(values: Sequence[str]) -> dict[str, Any]:
    """The reference of a categorical feature: `counts` by value, `missing` (empty texts)."""
    names, counts = np.unique(np.asarray([value for value in values if value], dtype=object), return_counts=True)
    return {
        "kind": "categorical",
        "counts": {str(name): int(count) for name, count in zip(names, counts, strict=True)},
        "missing": sum(1 for value in values if not value),
    }


def describe_texts(values: Sequence[str]) -> dict[str, Any]:
    """The reference of a column of free text: the lengths of its texts in characters, as numbers are remembered."""
    lengths = [float(len(value)) if value else np.nan for value in values]
    return {**describe_numbers(lengths), "kind": "text"}


def count_numbers(edges: ArrayLike, values: ArrayLike) -> tuple[NDArray[np.int64], int]:
    """How many values fall into each bin of a reference, and how many are missing (not finite)."""
    column = np.asarray(values, dtype=np.float32)
    present = column[np.isfinite(column)]
    limits = np.asarray(edges, dtype=np.float64)
    bins = np.searchsorted(limits, present, side="right")
    return np.bincount(bins, minlength=limits.size + 1).astype(np.int64), int(column.size - present.size)


def count_like(reference: Mapping[str, Any], values: Sequence[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Expected and live counts over the same bins; a category that training never saw is one bin more."""
    if reference["kind"] in ("numeric", "text"):
        numbers = _read_numbers(values) if reference["kind"] == "numeric" else _measure_lengths(values)
        live, _ = count_numbers(reference["edges"], numbers)
        return np.asarray(reference["counts"], dtype=np.int64), live
    known: Mapping[str, int] = reference["counts"]
    seen = [str(value) for value in values if value is not None and not is_missing(str(value), known)]
    live_counts = [sum(1 for value in seen if value == name) for name in known]
    unseen = len(seen) - sum(live_counts)
    return np.array([*known.values(), 0], dtype=np.int64), np.array([*live_counts, unseen], dtype=np.int64)


def _read_numbers(values: Sequence[Any]) -> NDArray[np.float32]:
    """A numeric column as float32, NaN for what is missing: feedback may have its numbers as texts."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        return values.astype(np.float32, copy=False)
    spelt = ["nan" if isinstance(value, str) and is_missing(value) else value for value in values]
    return np.asarray(spelt, dtype=np.float32)


def _measure_lengths(values: Sequence[Any]) -> NDArray[np.float32]:
    return np.array([len(str(value)) if value else np.nan for value in values], dtype=np.float32)


def population_stability(expected: ArrayLike, live: ArrayLike) -> float:
    """Population stability index, >= 0: sum over bins of (q - p) ln(q / p), with p, q the shares of each bin.

    A common reading: below 0.1 stable, above 0.25 drifted. NaN when either side is empty.
    """
    p, q = _shares(expected), _shares(live)
    if p is None or q is None:
        return float("nan")
    p, q = np.maximum(p, _LEAST_SHARE), np.maximum(q, _LEAST_SHARE)
    return float(((q - p) * np.log(q / p)).sum())


def kolmogorov_smirnov(expected: ArrayLike, live: ArrayLike) -> float:
    """The two-sample Kolmogorov-Smirnov statistic on binned counts, 0 to 1: the largest gap of cumulated shares.

    Looking only at the bins' edges it can miss a gap within one: it never overstates. NaN when either side is empty.
    """
    p, q = _shares(expected), _shares(live)
    if p is None or q is None:
        return float("nan")
    return float(np.abs(np.cumsum(p) - np.cumsum(q)).max())


def smirnov_critical(n_expected: int, n_live: int, *, alpha: float = 0.01) -> float:
    """The statistic beyond which two samples of these sizes differ at level alpha (asymptotic; Smirnov 1948)."""
    return float(np.sqrt(-0.5 * np.log(alpha / 2.0) * (n_expected + n_live) / (n_expected * n_live)))


def _shares(counts: ArrayLike) -> NDArray[np.float64] | None:
    array = np.asarray(counts, dtype=np.float64)
    total = array.sum()
    return array / total if total > 0 else None
