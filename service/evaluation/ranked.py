"""Intervals of AUC and average precision, also where hardly any row is out of order.

The variance that the rows show (each row's influence squared: DeLong et al. 1988, and its like for average precision)
is worthless where few are out of order, and zero where none is. So it is blended with the variance that a value would
have between two normal distributions as far apart as the value says; the more rows are out of order, the more the rows'
own counts. The ends are the values of which the one measured would be 1.96 standard deviations away (a score interval).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from service.evaluation.functions import normal_cdf, normal_quantile, owens_t
from service.evaluation.ranking import Floats, divide

Flags = NDArray[np.bool_]
Places = NDArray[np.intp]
_Z = NormalDist().inv_cdf(0.975)
_DISTANCES = np.linspace(-6.0, 9.0, 121)  # between the normal distributions, in their standard deviations
_POINTS = 250  # of each distribution
_HALVINGS = 50
_LEAST_VARIANCE = 1e-18


@dataclass(frozen=True)
class Ranked:
    """A metric's value, each row's influence on it [n], and (value, variance) of two normals at every distance."""

    value: float
    influence: Floats
    model: tuple[Floats, Floats]
    misplaced: float  # about how many rows are out of order

    def bound(self) -> tuple[float, float]:
        """Both ends of the 95 % interval; NaN where the metric has no value."""
        if np.isnan(self.value):
            return np.nan, np.nan
        own, expected = float((self.influence**2).sum()), float(np.interp(self.value, *self.model))
        ratio = np.clip(np.log(max(own, _LEAST_VARIANCE) / max(expected, _LEAST_VARIANCE)), -2.0, 2.0)
        trust = self.misplaced / (self.misplaced + 1.0)
        factor = float(np.exp(ratio * (np.sqrt(trust) if ratio > 0 else trust)))
        return self._find_end(0.0, factor), self._find_end(1.0, factor)

    def _find_end(self, outer: float, factor: float) -> float:
        inner = self.value
        for _ in range(_HALVINGS):
            middle = (outer + inner) / 2
            variance = factor * float(np.interp(middle, *self.model))
            outer, inner = (outer, middle) if (middle - self.value) ** 2 <= _Z**2 * variance else (middle, inner)
        return inner


def rank_scores(positive: ArrayLike, scores: ArrayLike) -> tuple[Ranked, Ranked]:
    """AUC and average precision of scores [n], `positive` [n] of which are; ties count as the metrics count them."""
    is_positive = np.asarray(positive, dtype=bool)
    m, n = int(is_positive.sum()), int((~is_positive).sum())
    if not m or not n:
        nothing = Ranked(np.nan, np.zeros(len(is_positive)), (np.zeros(1), np.zeros(1)), 0.0)
        return nothing, nothing
    values, place = np.unique(-np.asarray(scores, dtype=np.float64), return_inverse=True)  # the highest score first
    hits, misses = (
        np.bincount(place[side], minlength=len(values)).astype(np.float64) for side in (is_positive, ~is_positive)
    )
    area, area_influence = _influence_auc(is_positive, place, hits, misses)
    purity, purity_influence = _influence_precision(is_positive, place, hits, misses)
    small = _unsure(min(m, n))
    return (
        Ranked(area, area_influence, _scale(_model_auc(m, n), small), min(m, n) * min(area, 1 - area)),
        Ranked(
            purity, purity_influence, _scale(_model_precision(round(m / (m + n), 4)), small / (m + n)), m * (1 - purity)
        ),
    )


def average_ranked(parts: Sequence[Ranked], weights: Sequence[float]) -> tuple[float, float]:
    """Both ends of the weighted mean of several metrics of the same rows, as correlated as their influences are."""
    known = [(part, weight) for part, weight in zip(parts, weights, strict=True) if not np.isnan(part.value)]
    if not known:
        return np.nan, np.nan
    shares = np.array([weight for _, weight in known]) / sum(weight for _, weight in known)
    values, ends = np.array([part.value for part, _ in known]), np.array([part.bound() for part, _ in known])
    together = _correlate([part.influence for part, _ in known])
    mean = float(shares @ values)
    down, up = shares * (values - ends[:, 0]), shares * (ends[:, 1] - values)
    return mean - float(np.sqrt(max(0.0, down @ together @ down))), mean + float(np.sqrt(max(0.0, up @ together @ up)))


def pool_rows(pooled: Ranked, entries: int, least: int) -> Ranked:
    """A metric of the scores of all classes in one list: so many entries of a row come and go together.

    The two normals know nothing of that: their variance grows as that of the rows does when the entries of each are
    taken together (the design effect of a sample of clusters). `least` are the rows of the smallest class.
    """
    together = pooled.influence.reshape(-1, entries).sum(axis=1)
    apart = float((pooled.influence**2).sum())
    effect = float(np.clip((together**2).sum() / apart, 1.0, entries)) if apart else float(entries)
    return Ranked(pooled.value, together, _scale(pooled.model, effect * _unsure(least)), pooled.misplaced / entries)


def _correlate(influences: Sequence[Floats]) -> Floats:
    """How far the metrics err together, -1 to 1; as far as can be where an influence is zero throughout."""
    stacked = np.stack(influences)
    size = np.sqrt((stacked**2).sum(axis=1))
    return divide(stacked @ stacked.T, np.outer(size, size), empty=1.0)


def _influence_auc(positive: Flags, place: Places, hits: Floats, misses: Floats) -> tuple[float, Floats]:
    m, n = hits.sum(), misses.sum()
    beaten = (
        misses[::-1].cumsum()[::-1] - misses / 2
    ) / n  # by a positive at each score: negatives below, half the ties
    beating = (hits.cumsum() - hits / 2) / m
    area = float((hits * beaten).sum() / m)
    return area, np.where(positive, (beaten[place] - area) / m, (beating[place] - area) / n)


def _influence_precision(positive: Flags, place: Places, hits: Floats, misses: Floats) -> tuple[float, Floats]:
    m, tp, called = hits.sum(), hits.cumsum(), (hits + misses).cumsum()
    precision = tp / called
    purity = float((hits * precision).sum() / m)
    # A row more at a score changes the precision there and at every lower score that holds a positive.
    gained = (hits * (called - tp) / called**2)[::-1].cumsum()[::-1]
    lost = (hits * tp / called**2)[::-1].cumsum()[::-1]
    return purity, np.where(positive, precision[place] - purity + gained[place], -lost[place]) / m


def _unsure(rows: int) -> float:
    """Few rows know their own variance less well than the normal quantile assumes."""
    return 1 + 0.5 / rows


def _scale(model: tuple[Floats, Floats], factor: float) -> tuple[Floats, Floats]:
    return model[0], model[1] * factor


def _model_auc(m: int, n: int) -> tuple[Floats, Floats]:
    """AUC and its variance at every distance: between what two normals and two exponentials of that AUC give.

    Of two positives and a negative (or the reverse) both are in order with probability q: of normals by Owen's T, of
    exponentials by Hanley and McNeil (1982), symmetric in both classes as by Newcombe (2006).
    """
    z = _DISTANCES / np.sqrt(2)
    area = normal_cdf(z)
    normal = (area * (1 - area) + (m + n - 2) * (area - 2 * owens_t(z, 1 / np.sqrt(3)) - area**2)) / (m * n)
    half = (m + n) / 2 - 1
    exponential = area * (1 - area) * (1 + half * (1 - area) / (2 - area) + half * area / (1 + area)) / (m * n)
    return area, np.sqrt(np.maximum(normal, 0.0) * exponential)


@lru_cache(maxsize=64)
def _model_precision(share: float) -> tuple[Floats, Floats]:
    """Average precision and its variance times the rows, at every distance, where `share` of the rows is positive."""
    points = normal_quantile((np.arange(_POINTS) + 0.5) / _POINTS)
    scores = np.concatenate([_DISTANCES[:, None] + points, np.broadcast_to(points, (len(_DISTANCES), _POINTS))], axis=1)
    positive = np.take_along_axis(np.repeat([[1.0, 0.0]], _POINTS, axis=1), np.argsort(-scores, axis=1), axis=1)
    weights = np.where(positive > 0, share, 1 - share) / _POINTS
    # A point stands for a stretch of its distribution, half of which lies above it.
    called, tp = (parts.cumsum(axis=1) - parts / 2 for parts in (weights, weights * positive))
    precision, hits = tp / called, weights * positive
    purity = (hits * precision).sum(axis=1) / share
    gained = (hits * (called - tp) / called**2)[:, ::-1].cumsum(axis=1)[:, ::-1]
    lost = (hits * tp / called**2)[:, ::-1].cumsum(axis=1)[:, ::-1]
    influence = np.where(positive > 0, precision - purity[:, None] + gained, -lost) / share
    order = np.argsort(purity)
    variance = (influence**2 * weights).sum(axis=1)
    return np.append(purity[order], 1.0), np.append(variance[order], 0.0)
