"""The special functions that intervals need, from SciPy: which ships no types, so that they get theirs here."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

Floats = NDArray[np.float64]


def beta_cdf(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Floats:
    """The share of a beta distribution below x: with a = k and b = n - k + 1, of k or more of n trials at odds x."""
    return np.asarray(special.betainc(a, b, x))


def beta_quantile(a: ArrayLike, b: ArrayLike, share: ArrayLike) -> Floats:
    """Below which value such a share of a beta distribution lies."""
    return np.asarray(special.betaincinv(a, b, share))


def binomial_cdf(k: ArrayLike, n: ArrayLike, p: ArrayLike) -> Floats:
    """The probability of k or fewer of n trials; 0 below 0."""
    return np.asarray(stats.binom.cdf(k, n, p))


def binomial_quantile(share: ArrayLike, n: ArrayLike, p: ArrayLike) -> Floats:
    """The least number of n trials whose `binomial_cdf` reaches the share."""
    return np.asarray(stats.binom.ppf(share, n, p))


def normal_cdf(z: ArrayLike) -> Floats:
    """The share of the standard normal distribution below z."""
    return np.asarray(special.ndtr(z))


def normal_quantile(share: ArrayLike) -> Floats:
    """Below which value such a share of the standard normal distribution lies."""
    return np.asarray(special.ndtri(share))


def chi_square_tail(value: ArrayLike, freedom: ArrayLike) -> Floats:
    """The probability that a chi-square variable is as large, or larger."""
    return np.asarray(special.chdtrc(freedom, value))


def owens_t(h: ArrayLike, a: ArrayLike) -> Floats:
    """Owen's T function (1956), from which two correlated normals' probabilities follow."""
    return np.asarray(special.owens_t(h, a))
