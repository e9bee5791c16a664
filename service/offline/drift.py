"""Inputs and answers that look different from training: needs no labels, and is never called shift.

Every column is looked at each time, and every look could raise an alarm by chance: the chance of one in a month is
shared among the looks and the columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.bundle import reference
from service.bundle.manifest import Manifest
from service.evaluation.functions import binomial_cdf, chi_square_tail
from service.evaluation.proportions import bound_proportions

_STABILITY_LIMIT = 0.25
_ROWS_PER_BIN = 5


@dataclass(frozen=True)
class Drift:
    """One feature, or the predicted labels, that look different from training.

    By population stability (above 0.25, and beyond chance) or Kolmogorov-Smirnov; or by the share of missing values.
    """

    feature: str
    stability: float
    smirnov: float
    critical: float
    missing: float = 0.0
    missing_in_training: float = 0.0

    @property
    def words(self) -> str:
        """What differs, in words."""
        if self.missing == 1.0 and self.missing_in_training < 1.0:
            return f"{self.feature} is missing in every live row (in training in {self.missing_in_training:.1%})"
        if np.isnan(self.stability):
            return f"{self.feature} is missing in {self.missing:.1%} (in training {self.missing_in_training:.1%})"
        smirnov = "" if np.isnan(self.smirnov) else f", KS {self.smirnov:.3f} (limit {self.critical:.3f})"
        return f"{self.feature}, stability {self.stability:.2f}{smirnov}"


def find_drift(
    manifest: Manifest, features: Sequence[Sequence[Any]] | None, predicted: Sequence[str], *, level: float
) -> list[Drift]:
    """The columns that are spread otherwise than in training, the farthest first; by chance any is at this level."""
    columns: dict[str, list[Any]] = {reference.PREDICTIONS: list(predicted)}
    if features is not None:
        columns |= {name: [row[i] for row in features] for i, name in enumerate(manifest.input.features)}
    known = {name: values for name, values in columns.items() if name in manifest.reference}
    share = level / max(1, 2 * len(known))  # of each column, for how it is spread and for what of it is missing
    found = [drift for name, values in known.items() for drift in _look(name, manifest.reference[name], values, share)]
    return sorted(found, key=lambda drift: -np.nan_to_num(drift.stability, nan=np.inf))


def _look(name: str, known: Any, values: list[Any], level: float) -> list[Drift]:
    expected, live = reference.count_like(known, values)
    trained, present = int(expected.sum()), int(live.sum())
    gone, was_gone = len(values) - present, int(known["missing"])
    shares = gone / max(1, len(values)), was_gone / max(1, trained + was_gone)
    if _is_more_missing(gone, len(values), was_gone, trained + was_gone, level):
        return [Drift(name, float("nan"), float("nan"), float("nan"), *shares)]
    if not present or not trained:
        return []
    stability = reference.population_stability(expected, live)
    smirnov = reference.kolmogorov_smirnov(expected, live) if known["kind"] == "numeric" else float("nan")
    critical = reference.smirnov_critical(trained, present, alpha=level)
    unlikely = stability > _STABILITY_LIMIT and _chance(expected, live) < level
    if smirnov > critical or (unlikely and present >= _ROWS_PER_BIN * len(live)):
        return [Drift(name, round(stability, 4), round(smirnov, 4), round(critical, 4), *shares)]
    return []


def _is_more_missing(gone: int, rows: int, was_gone: int, trained: int, level: float) -> bool:
    """Whether so many missing values are beyond what training, with its own luck, lets expect."""
    if not gone:
        return False
    most = float(bound_proportions(was_gone, trained, level=1 - 2 * level)[1])
    return bool(1 - binomial_cdf(gone - 1, rows, most) < level)


def _chance(expected: Any, live: Any) -> float:
    """The chance that two samples of one distribution differ as much, by chi square over their bins."""
    both, n, total = expected + live, live.sum(), (expected + live).sum()
    means = both * n / total
    filled = both > 0
    distance = ((live - means) ** 2 / np.maximum(means * (1 - n / total), 1e-9))[filled].sum()
    return float(chi_square_tail(distance, max(1, int(filled.sum()) - 1)))
