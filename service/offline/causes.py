"""Why live answers got worse: other inputs, other shares of the classes, or another relation between the two.

A model may do worse without anything that it learnt being untrue: because more rows are hard, or because a class became
common. Each of the two leaves something as it was at release. Where inputs alone moved, an answer of a given sureness
is as often wrong as it was. Where shares alone moved, the rows of a class get the answers that rows of that class got.
Only where neither holds the relation of inputs and labels itself has changed, and that alone is called concept shift.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from service.evaluation.functions import beta_cdf
from service.evaluation.metrics import Evaluation
from service.evaluation.reliability import expect_mistakes

CONCEPT, INPUTS, LABELS, UNKNOWN = "concept", "inputs", "labels", "unknown"
_LEVEL = 0.01  # at which other inputs are given up as the explanation
_UNSURE = 0.1  # below which they are not named as the explanation either
_LEVEL_OF_SHARES = 0.01  # at which other shares are: the rows of a rare class are few, at release and now
_LEAST_SPREAD = 1e-9


@dataclass(frozen=True)
class Cause:
    """Which of the four it is, and why, in words."""

    name: str
    why: str


def find_cause(kept: Mapping[str, Any] | None, evaluation: Evaluation | None) -> Cause:
    """The cause of answers that are worse; `kept` is the manifest's `reliability`, None where it has none."""
    if kept is None or evaluation is None:
        return Cause(UNKNOWN, "without probabilities, or with a model released by an earlier version, none can be told")
    mistakes, expected = int((evaluation.predicted != evaluation.truth).sum()), count_expected(kept, evaluation)
    as_sure = weigh_mistakes(kept, evaluation)
    words = f"{mistakes} mistakes, where rows answered so surely had {expected:.1f} at release"
    if _LEVEL < as_sure <= _UNSURE:
        return Cause(UNKNOWN, f"{words}: more than harder rows make likely, and not enough to rule them out")
    if as_sure > _LEVEL:
        return Cause(INPUTS, f"{words}: the rows are harder, the answers as right as they say")
    if weigh_answers(kept, evaluation) > _LEVEL_OF_SHARES:
        return Cause(LABELS, f"{words}, but rows of each class are answered as they were: the classes' shares moved")
    return Cause(CONCEPT, f"{words}, and rows of a class are answered otherwise than they were: it is another relation")


def count_expected(kept: Mapping[str, Any], evaluation: Evaluation) -> float:
    """How many mistakes rows answered as surely had at release."""
    wrong, _ = expect_mistakes(kept, evaluation.probabilities, evaluation.predicted, evaluation.positive)
    return float(wrong.sum())


def weigh_mistakes(kept: Mapping[str, Any], evaluation: Evaluation) -> float:
    """How likely so many mistakes are, or more, where an answer of a given sureness is as often wrong as at release.

    Mistakes are counts, and how many are to be expected is known from the held-out rows only: a Poisson variable whose
    mean is uncertain, which is a negative binomial.
    """
    wrong, variance = expect_mistakes(kept, evaluation.probabilities, evaluation.predicted, evaluation.positive)
    mistakes, mean = int((evaluation.predicted != evaluation.truth).sum()), max(float(wrong.sum()), _LEAST_SPREAD)
    if not mistakes:
        return 1.0
    shape = mean**2 / max(variance, _LEAST_SPREAD * mean)
    return float(beta_cdf(mistakes, shape, mean / (shape + mean)))


def weigh_answers(kept: Mapping[str, Any], evaluation: Evaluation) -> float:
    """How likely rows of each class are answered as they are, or farther off, if rows of a class are as at release."""
    spread = [compare_spread(*rows) for rows in zip(kept["counts"], evaluation.confusion, strict=True)]
    return min(1.0, len(spread) * min(spread))


def compare_spread(before: ArrayLike, now: ArrayLike) -> float:
    """The chance that two samples of one distribution differ as much: by chi square, over random partings of both."""
    ours, theirs = np.asarray(before, dtype=np.int64), np.asarray(now, dtype=np.int64)
    both, n = ours + theirs, int(theirs.sum())
    if not n or not ours.sum():
        return 1.0
    draws = int(np.ceil(20 / _LEVEL))
    drawn = np.random.default_rng(0).multivariate_hypergeometric(both, n, size=draws)
    least = _distance(both, n, theirs[None])[0] - 1e-9
    return float((1 + (_distance(both, n, drawn) >= least).sum()) / (1 + draws))


def _distance(both: NDArray[np.int64], n: int, parts: NDArray[np.int64]) -> NDArray[np.float64]:
    expected = both * (n / both.sum())
    return np.asarray((((parts - expected) ** 2) / np.maximum(expected, _LEAST_SPREAD)).sum(axis=1))
