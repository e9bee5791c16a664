"""What probabilities are worth, as metrics that grow as a model gets better: so that a floor can be set for them.

`log_loss_skill` is 1 for a model that is sure and right, 0 for one that is no better than always saying the classes'
shares, and negative for one that is worse. `calibration` is 1 minus the calibration error.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from service.evaluation.intervals import Estimate, Interval
from service.evaluation.metrics import Measure


def add_growing(found: Mapping[str, Estimate], truth: NDArray[np.intp]) -> dict[str, Estimate]:
    """The estimates with these two among them; `truth` [n] are the classes of the rows that they are of."""
    more = {}
    if "log_loss" in found:
        more["log_loss_skill"] = _turn(found["log_loss"], measure_prior_loss(truth))
    if "calibration_error" in found:
        more["calibration"] = _turn(found["calibration_error"], 1.0)
    return {**found, **more}


def measure_prior_loss(truth: NDArray[np.intp]) -> float:
    """The log loss of always saying the classes' shares of these rows: no constant answer has a lower one."""
    counts = np.bincount(truth)
    shares = counts[counts > 0] / max(1, counts.sum())
    return float(-(shares * np.log(shares)).sum())


def _turn(shrinking: Estimate, whole: float) -> Estimate:
    """1 minus a metric's part of `whole`, its interval turned round."""
    if not whole:
        note = "the rows are of one class: always saying it has no loss"
        return Estimate(Measure(math.nan, note), Interval(math.nan, math.nan, shrinking.interval.method))
    measure, interval = shrinking.measure, shrinking.interval
    return Estimate(
        Measure(1 - measure.value / whole, measure.note),
        Interval(1 - interval.high / whole, 1 - interval.low / whole, interval.method),
    )
