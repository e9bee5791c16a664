"""Exact intervals of proportions: Blaker's, which holds at the edges, for any number of proportions at once.

Wilson's interval of 50 rows covers a share of 0.99 in 91 % of samples, not 95: one miss more than usual moves it past.
Blaker's (2000) covers every share at least as often as it says, and lies within Clopper and Pearson's (1934).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from service.evaluation.functions import beta_cdf, beta_quantile, binomial_cdf, binomial_quantile
from service.evaluation.ranking import Floats

LEVEL = 0.95
_GRID = np.linspace(0.0, 1.0, 33)
_HALVINGS = 20
_MOST_KNOWN = 500_000
_known: dict[tuple[float, float, float], float] = {}  # (successes, trials, 1 - level) -> lower end


def bound_proportions(successes: ArrayLike, trials: ArrayLike, *, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Lower and upper ends, of any shape; 0 and 1 where there are no trials."""
    k, n = np.broadcast_arrays(np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64))
    # An upper end is a lower end of the failures.
    low, high = _recall_low(k.ravel(), n.ravel(), 1 - level), 1 - _recall_low((n - k).ravel(), n.ravel(), 1 - level)
    return low.reshape(k.shape), high.reshape(k.shape)


def _recall_low(successes: Floats, trials: Floats, alpha: float) -> Floats:
    """The lower ends, found once for each pair: resamples and simulations ask for the same again and again."""
    asked = list(zip(successes.tolist(), trials.tolist(), [alpha] * len(successes), strict=True))
    new = [key for key in dict.fromkeys(asked) if key not in _known]
    if len(_known) + len(new) > _MOST_KNOWN:
        _known.clear()
        new = list(dict.fromkeys(asked))
    if new:
        pairs = np.array(new)
        _known.update(zip(new, _find_low(pairs[:, 0], pairs[:, 1], alpha).tolist(), strict=True))
    return np.array([_known[key] for key in asked])


def _find_low(successes: Floats, trials: Floats, alpha: float) -> Floats:
    """The least share [m] of which so many successes [m] are not among the most surprising outcomes."""
    low = np.zeros(len(successes))
    some = successes > 0
    if not some.any():
        return low
    k, n = successes[some, None], trials[some, None]
    # The upper tail alone is alpha / 2 at the first and alpha at the last: the end lies between.
    first, last = (beta_quantile(k, n - k + 1, tail) for tail in (alpha / 2, alpha))
    shares = first + (last - first) * _GRID
    accepted = _accept(k, n, shares, alpha)
    accepted[:, -1] = True
    place = accepted.argmax(axis=1)[:, None]
    upper = np.take_along_axis(shares, place, axis=1)
    lower = np.take_along_axis(shares, np.maximum(place - 1, 0), axis=1)
    for _ in range(_HALVINGS):
        middle = (lower + upper) / 2
        fits = _accept(k, n, middle, alpha)
        lower, upper = np.where(fits, lower, middle), np.where(fits, middle, upper)
    low[some] = lower[:, 0]
    return low


def _accept(k: Floats, n: Floats, share: Floats, alpha: float) -> NDArray[np.bool_]:
    """Whether the tail at k and the part of the other tail that is no likelier add up to alpha at least."""
    tail = beta_cdf(k, n - k + 1, share)  # P(X >= k)
    other = binomial_quantile(tail, n, share) - 1
    return np.asarray(tail + np.where(other >= 0, binomial_cdf(other, n, share), 0.0) >= alpha - 1e-12)
