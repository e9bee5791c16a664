"""From probabilities to a class: the one decision that training, endpoint, files and feedback share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


def decide(probabilities: ArrayLike, classes: Sequence[str], thresholds: Mapping[str, float]) -> NDArray[np.intp]:
    """The index of the class predicted for each row [n, classes]: by the released threshold, else the most probable.

    In float32, as the served model answers: a probability written out and read again is decided as it was there.
    """
    shares = np.asarray(probabilities, dtype=np.float32)
    if not thresholds:
        return np.asarray(shares.argmax(axis=1), dtype=np.intp)
    positive, threshold = _of_positive(classes, thresholds)
    return np.where(shares[:, positive] >= np.float32(threshold), positive, 1 - positive)


def measure_margins(
    probabilities: NDArray[np.float64], classes: Sequence[str], thresholds: Mapping[str, float]
) -> NDArray[np.float64]:
    """How far each row is from another answer, in probability."""
    if thresholds:
        positive, threshold = _of_positive(classes, thresholds)
        return np.asarray(np.abs(probabilities[:, positive] - threshold))
    ordered = np.sort(probabilities, axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2])


def _of_positive(classes: Sequence[str], thresholds: Mapping[str, float]) -> tuple[int, float]:
    ((label, threshold),) = thresholds.items()
    return list(classes).index(label), threshold
