"""Exact intervals are those that Blaker published, cover what they say, and hold the share itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.evaluation.functions import beta_quantile, binomial_cdf
from service.evaluation.proportions import bound_proportions


def _coverage(trials: int, share: float) -> float:
    """Of all outcomes of so many trials, the probability of those whose interval holds the share."""
    low, high = bound_proportions(np.arange(trials + 1), np.full(trials + 1, trials))
    odds = np.diff(binomial_cdf(np.arange(-1, trials + 1), trials, share))
    return float(odds[(low <= share) & (share <= high)].sum())


@pytest.mark.parametrize("trials", [1, 7, 10, 42, 50, 113])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.77, 0.9, 0.95, 0.99, 0.999])
def test_they_cover_every_share_at_least_as_often_as_they_say(trials: int, share: float) -> None:
    assert _coverage(trials, share) >= 0.95


def test_they_come_nearer_than_clopper_and_pearson() -> None:
    """Of 250 rows and a share of 0.99 they cover 95.9 %; Clopper and Pearson's (and their mid-p) 98.6 %."""
    assert _coverage(250, 0.99) == pytest.approx(0.9588, abs=5e-4)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(st.integers(0, 500), st.integers(0, 500))
def test_they_hold_the_share_and_lie_within_clopper_and_pearsons(successes: int, misses: int) -> None:
    trials = successes + misses
    low, high = (float(end) for end in bound_proportions(successes, trials))
    if not trials:
        assert (low, high) == (0.0, 1.0)
        return
    assert 0 <= low <= successes / trials <= high <= 1
    widest = (
        float(beta_quantile(successes, misses + 1, 0.025)) if successes else 0.0,
        float(beta_quantile(successes + 1, misses, 0.975)) if misses else 1.0,
    )
    assert widest[0] - 1e-9 <= low
    assert high <= widest[1] + 1e-9


def test_42_rows_without_a_miss_are_not_certain() -> None:
    low, high = bound_proportions(42, 42)
    assert high == 1.0
    assert low == pytest.approx(0.924, abs=1e-3)


def test_many_shapes_are_bounded_at_once() -> None:
    low, high = bound_proportions([[1, 2], [3, 3]], [[10], [3]])
    assert low.shape == high.shape == (2, 2)
    assert (low[1, 0], high[1, 0]) == (low[1, 1], high[1, 1])
    wide = bound_proportions(5, 10, level=0.99)
    assert wide[0] < bound_proportions(5, 10)[0]
