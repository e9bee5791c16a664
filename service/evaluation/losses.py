"""Intervals of the mean losses and of the calibration error.

A mean loss hangs on the few rows that the model is sure and wrong about. Where there are hardly any, the rows' variance
is too small; so it is blended with the variance that the model's own probabilities expect. The more mistakes are to be
expected, the more the rows' own variance counts; where it is the larger, it counts alone: the model is too sure.

The calibration error adds up the sizes of ten gaps, and so it is above zero for a perfect model. Its interval holds the
errors that, with the noise of these gaps, would give what was measured: gaps shrunk or stretched, each by its noise.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from service.evaluation.ranking import Floats

_Z = NormalDist().inv_cdf(0.975)
_TAIL = 0.025
_ENOUGH = 15.0  # mistakes to be expected at which the rows' own variance counts half, on the logarithm's scale
_UNSEEN = 0.1  # of a mistake, over all rows, that even a model which is sure of each must be expected to make
_DRAWS = 1000
_STRETCH = 12.0
_HALVINGS = 24
_LEAST = 1e-18


def bound_mean_loss(losses: ArrayLike, possible: ArrayLike, probabilities: ArrayLike) -> tuple[float, float]:
    """Both ends of the mean of `losses` [n]: `possible` [n, k] are the losses had each class been true."""
    found, said = np.asarray(losses, dtype=np.float64), soften(np.asarray(probabilities, dtype=np.float64))
    rows, value = len(found), float(found.mean())
    own, expected = float(found.var(ddof=1)) if rows > 1 else 0.0, _expect(np.asarray(possible, dtype=np.float64), said)
    ratio = np.clip(np.log(max(own, _LEAST) / max(expected, _LEAST)), -3.0, 3.0)
    mistakes = float((1 - said.max(axis=1)).sum())
    trust = 1.0 if ratio > 0 else mistakes / (mistakes + _ENOUGH)
    spread = float(np.sqrt(max(expected, _LEAST) * np.exp(trust * ratio) / rows))
    base = max(value, spread)
    return value * float(np.exp(-_Z * spread / max(value, _LEAST))), base * float(np.exp(_Z * spread / base))


def _expect(possible: Floats, said: Floats) -> float:
    """The variance of one row's loss, were the probabilities right."""
    mean = (said * possible).sum(axis=1)
    within = (said * possible**2).sum(axis=1) - mean**2
    return float(within.mean() + mean.var())


def soften(probabilities: Floats) -> Floats:
    """Probabilities [n, k] with a trace of doubt: a sure model without a mistake has still seen only so many rows."""
    rows, k = probabilities.shape
    doubt = _UNSEEN / max(1, rows)
    return np.asarray(probabilities * (1 - doubt) + doubt / k)


def bound_calibration(gaps: ArrayLike, variances: ArrayLike) -> tuple[float, float]:
    """Both ends of the sum of absolute gaps: `gaps` [bins] as measured, with the `variances` of their noise."""
    measured, noise = np.asarray(gaps, dtype=np.float64), np.sqrt(np.asarray(variances, dtype=np.float64))
    drawn = np.random.default_rng(0).normal(size=(_DRAWS, len(measured))) * noise
    value = float(np.abs(measured).sum())

    def stretch(by: float) -> Floats:
        return np.asarray(np.where(measured < 0, -1.0, 1.0) * np.maximum(np.abs(measured) + by * noise, 0.0))

    def exceeds(by: float) -> float:
        return float((np.abs(stretch(by) + drawn).sum(axis=1) >= value).mean())

    def find(share: float) -> float:
        """The error that gives at least what was measured in so many draws."""
        less, more = -_STRETCH - float((np.abs(measured) / np.maximum(noise, _LEAST)).max()), _STRETCH
        for _ in range(_HALVINGS):
            middle = (less + more) / 2
            less, more = (middle, more) if exceeds(middle) < share else (less, middle)
        return float(np.abs(stretch(more)).sum())

    if not noise.any():
        return value, value
    # Gaps that are smaller than their noise are luck: the error may be as large as the noise at the least.
    return min(value, find(_TAIL)), max(value, find(1 - _TAIL), _Z * float(np.sqrt((noise**2).sum())))
