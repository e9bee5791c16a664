"""The special functions are those that their names say: by known values and by hand."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from service.evaluation import functions


def test_binomials_by_hand() -> None:
    by_hand = sum(comb(7, k) * 0.3**k * 0.7 ** (7 - k) for k in range(3))
    assert functions.binomial_cdf(2, 7, 0.3) == pytest.approx(by_hand)
    assert functions.binomial_cdf(-1, 7, 0.3) == 0.0
    assert functions.binomial_quantile(by_hand - 1e-9, 7, 0.3) == 2
    assert functions.beta_cdf(3, 5, 0.3) == pytest.approx(1 - by_hand), "three or more of seven"


def test_a_quantile_undoes_its_distribution() -> None:
    shares = np.array([0.001, 0.3, 0.999])
    np.testing.assert_allclose(functions.beta_cdf(3, 5, functions.beta_quantile(3, 5, shares)), shares)
    np.testing.assert_allclose(functions.normal_cdf(functions.normal_quantile(shares)), shares)


def test_owens_t_gives_the_corner_of_two_correlated_normals() -> None:
    """Both above 0 with a correlation of a half: one third."""
    assert functions.normal_cdf(0.0) - 2 * functions.owens_t(0.0, 1 / np.sqrt(3)) == pytest.approx(1 / 3)
