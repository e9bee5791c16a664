"""How sure a metric is: 95 % intervals, and the difference of two models on the same rows.

A proportion of independent rows (accuracy, recall, precision, specificity) takes Wilson's interval: a bootstrap of 42
rows without a miss would claim 1.000 to 1.000. Everything else takes the percentiles of a bootstrap over rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.evaluation.metrics import Evaluation, Floats, Measure, tally_classes

LEVEL = 0.95
RESAMPLES = 2000
_CHUNK_BYTES = 16_000_000  # of int32 weights, once per class: keeps 2,000 resamples of 10,000 x 10 within 200 MB


@dataclass(frozen=True)
class Interval:
    """From `low` to `high`, by `method` ("wilson" or "bootstrap"); NaN at both ends where nothing can be said."""

    low: float
    high: float
    method: str


@dataclass(frozen=True)
class Estimate:
    """A metric with its interval."""

    measure: Measure
    interval: Interval

    def to_document(self) -> dict[str, Any]:
        """Plain data for JSON: NaN becomes null, numbers are rounded to 6 decimals."""
        document: dict[str, Any] = {
            "value": _round(self.measure.value),
            "low": _round(self.interval.low),
            "high": _round(self.interval.high),
            "method": self.interval.method,
        }
        return document | ({"note": self.measure.note} if self.measure.note else {})


@dataclass(frozen=True)
class Difference:
    """One model's metric minus another's on the same resamples; `clear` when the interval leaves 0 out."""

    value: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether the two differ beyond what drawing other rows would explain."""
        return self.low > 0 or self.high < 0


def wilson_interval(successes: float, trials: float, *, level: float = LEVEL) -> Interval:
    """The score interval of a proportion (Wilson 1927), 0 to 1; the whole range when there are no trials."""
    if trials <= 0:
        return Interval(0.0, 1.0, "wilson")
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = successes / trials
    centre = share + z * z / (2 * trials)
    spread = z * float(np.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)))
    scale = 1 + z * z / trials
    # At 0 and at all successes one end is exactly 0 or 1: rounding must not move it.
    low = 0.0 if successes <= 0 else max(0.0, (centre - spread) / scale)
    high = 1.0 if successes >= trials else min(1.0, (centre + spread) / scale)
    return Interval(low, high, "wilson")


def draw_resamples(rows: int, resamples: int, *, seed: int, columns: int = 1) -> Iterator[NDArray[np.int32]]:
    """Bootstrap weights [rows, b] in chunks, `resamples` in all: how often each row is drawn. Same seed, same draws.

    `columns` is how many numbers a row unfolds into when it is used; the chunks are small enough for that.
    """
    rng = np.random.default_rng(seed)
    at_once = max(1, _CHUNK_BYTES // max(1, rows * columns * 4))
    for start in range(0, resamples, at_once):
        count = min(at_once, resamples - start)
        drawn = rng.integers(0, rows, size=(count, rows)) * count + np.arange(count)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count).astype(np.int32)


def bootstrap(evaluation: Evaluation, *, resamples: int = RESAMPLES, seed: int = 0) -> dict[str, Floats]:
    """Every metric of every resample: name -> [resamples]."""
    k = len(evaluation.classes)
    chunks = [evaluation.compute(w) for w in draw_resamples(evaluation.rows, resamples, seed=seed, columns=k)]
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}


def estimate(
    evaluation: Evaluation, *, resamples: int = RESAMPLES, seed: int = 0, drawn: Mapping[str, Floats] | None = None
) -> dict[str, Estimate]:
    """Every metric with its 95 % interval: Wilson's for proportions, the bootstrap's for the rest."""
    samples = bootstrap(evaluation, resamples=resamples, seed=seed) if drawn is None else drawn
    proportions = count_proportions(evaluation)
    return {
        name: Estimate(
            measure,
            wilson_interval(*proportions[name]) if name in proportions else percentile_interval(samples[name]),
        )
        for name, measure in evaluation.measure().items()
    }


def percentile_interval(samples: Floats, *, level: float = LEVEL) -> Interval:
    """The middle `level` of the defined samples; NaN at both ends when none is."""
    defined = samples[~np.isnan(samples)]
    if not defined.size:
        return Interval(np.nan, np.nan, "bootstrap")
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), "bootstrap")


def count_proportions(evaluation: Evaluation) -> dict[str, tuple[float, float]]:
    """The metrics that are proportions of rows: name -> (successes, trials)."""
    t = tally_classes(evaluation.confusion)
    found = {"accuracy": (float(t.tp.sum()), float(evaluation.rows))}
    for index, label in enumerate(evaluation.classes):
        tp, fp, fn, tn = (float(counts[index]) for counts in t)
        of_class = {"precision": (tp, tp + fp), "recall": (tp, tp + fn), "specificity": (tn, tn + fp)}
        found |= {f"{name}[{label}]": counts for name, counts in of_class.items()}
        if index == evaluation.positive:
            found |= of_class
    return found


def compare(ours: Mapping[str, Floats], theirs: Mapping[str, Floats], name: str, *, gap: float) -> Difference:
    """The paired difference of one metric: both bootstraps must come from the same seed, so that rows pair up.

    `gap` is the difference of the two on the rows themselves.
    """
    interval = percentile_interval(ours[name] - theirs[name])
    return Difference(gap, interval.low, interval.high)


def _round(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
