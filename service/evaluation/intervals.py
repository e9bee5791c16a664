"""How sure a metric is: 95 % intervals, and the difference of two models on the same rows.

Which way of making an interval covers what it says depends on the metric: proportions of rows are exact, what is made
of several adds up their squares (`combined`), rankings and losses blend what the rows show with what a model of them
expects (`ranked`, `losses`). A bootstrap of 42 rows without a miss would claim 1.000 to 1.000: it is kept for
differences, and for averages over more than two classes, which take the wider of both. `python -m bench.coverage` shows
what each covers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.evaluation.combined import bound_counts
from service.evaluation.losses import bound_calibration, bound_mean_loss, soften
from service.evaluation.metrics import CALIBRATION_BINS, Evaluation, Floats, Measure
from service.evaluation.ranked import average_ranked, pool_rows, rank_scores

LEVEL = 0.95
RESAMPLES = 2000
_CHUNK_BYTES = 16_000_000  # of int32 weights, once per class: keeps 2,000 resamples of 10,000 x 10 within 200 MB


@dataclass(frozen=True)
class Interval:
    """From `low` to `high`, by `method` (docs/reference/metrics.md); NaN at both ends where nothing can be said."""

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
    """Every metric with its 95 % interval. `drawn` are the bootstrap's resamples, where they are there already."""
    intervals = bound_metrics(evaluation)
    if len(evaluation.classes) > 2:
        samples = bootstrap(evaluation, resamples=resamples, seed=seed) if drawn is None else drawn
        intervals |= {
            name: _widen(interval, percentile_interval(samples[name]))
            for name, interval in intervals.items()
            if interval.method == "squares added"
        }
    return {name: Estimate(measure, intervals[name]) for name, measure in evaluation.measure().items()}


def bound_metrics(evaluation: Evaluation) -> dict[str, Interval]:
    """The interval of every metric, without resampling."""
    if not evaluation.rows:
        return dict.fromkeys(evaluation.measure(), Interval(np.nan, np.nan, "none"))
    ends = bound_counts(
        evaluation.confusion, evaluation.count, classes=evaluation.classes, positive=evaluation.positive
    )
    exact = {"accuracy", "weighted_recall"}
    found = {
        name: _clip(
            name,
            float(low),
            float(high),
            "exact"
            if name in exact or name.startswith("micro_") or name.partition("[")[0] in _PROPORTIONS
            else "squares added",
        )
        for name, (low, high) in ends.items()
    }
    return found | bound_rankings(evaluation) | bound_losses(evaluation)


def bound_rankings(evaluation: Evaluation) -> dict[str, Interval]:
    """AUC and average precision: of each class, their averages, and pooled over the classes."""
    classes, positive = evaluation.classes, evaluation.positive
    one_hot = np.arange(len(classes)) == evaluation.truth[:, None]
    ranked = [rank_scores(one_hot[:, i], evaluation.probabilities[:, i]) for i in range(len(classes))]
    pooled = rank_scores(one_hot.ravel(), evaluation.probabilities.ravel())
    rows = one_hot.sum(axis=0).tolist()
    found: dict[str, tuple[float, float]] = {}
    for index, name in enumerate(("auc", "average_precision")):
        parts = [pair[index] for pair in ranked]
        found |= {f"{name}[{label}]": part.bound() for label, part in zip(classes, parts, strict=True)}
        found |= {} if positive is None else {name: parts[positive].bound()}
        found[f"macro_{name}"] = average_ranked(parts, [1.0] * len(parts))
        found[f"weighted_{name}"] = average_ranked(parts, rows)
        found[f"micro_{name}"] = pool_rows(pooled[index], len(classes), min(filter(None, rows))).bound()
    return {name: _clip(name, *ends, "score") for name, ends in found.items()}


def bound_losses(evaluation: Evaluation) -> dict[str, Interval]:
    """The mean losses and the calibration error."""
    found: dict[str, Interval] = {}
    for name, own, possible in (
        ("log_loss", evaluation.losses[0], evaluation.possible_losses[0]),
        ("brier", evaluation.losses[1], evaluation.possible_losses[1]),
    ):
        found[name] = Interval(*bound_mean_loss(own, possible, evaluation.probabilities), "log-normal")
    gaps, said = evaluation.gaps, soften(evaluation.probabilities)
    sure = said.max(axis=1) if evaluation.positive is None else said[:, evaluation.positive]
    expected = np.bincount(evaluation.bins, sure * (1 - sure), CALIBRATION_BINS) / evaluation.rows
    noise = np.maximum(gaps.var(axis=1), expected) / evaluation.rows
    return found | {"calibration_error": Interval(*bound_calibration(gaps.mean(axis=1), noise), "inverted test")}


_PROPORTIONS = ("recall", "precision", "specificity", "f1")


def _clip(name: str, low: float, high: float, method: str) -> Interval:
    """Ends within what the metric can be at all."""
    most = np.inf if name == "expected_cost" else 1.0
    return Interval(max(low, -1.0 if name == "mcc" else 0.0), min(high, most), method)


def _widen(ours: Interval, theirs: Interval) -> Interval:
    return Interval(float(np.fmin(ours.low, theirs.low)), float(np.fmax(ours.high, theirs.high)), ours.method)


def percentile_interval(samples: Floats, *, level: float = LEVEL) -> Interval:
    """The middle `level` of the defined samples; NaN at both ends when none is."""
    defined = samples[~np.isnan(samples)]
    if not defined.size:
        return Interval(np.nan, np.nan, "bootstrap")
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), "bootstrap")


def compare(ours: Mapping[str, Floats], theirs: Mapping[str, Floats], name: str, *, gap: float) -> Difference:
    """The paired difference of one metric: both bootstraps must come from the same seed, so that rows pair up.

    `gap` is the difference of the two on the rows themselves.
    """
    interval = percentile_interval(ours[name] - theirs[name])
    return Difference(gap, interval.low, interval.high)


def _round(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
