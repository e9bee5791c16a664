"""What logs cost: taken in, kept, and a line for each request."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from infra.cost.logs import Logged, rows_of
from infra.cost.prices import PRICES, SECONDS

MONTH = 700 * SECONDS / 1e9  # GB of one prediction a second
BY_ITSELF = {"gcp": 2 * 1200 * SECONDS / 1e9}
"""GB of the lines that Cloud Run writes of two requests a second."""
ONE = Logged("aws", days=30, bytes_a_second=700.0, requests_a_second=2.0, each_request=False)


def usd(logged: Logged, what: str) -> float:
    key, factors = rows_of(logged)[what]
    return PRICES[key].usd * math.prod(number for number, _ in factors)


@pytest.mark.parametrize(("cloud", "each"), [("aws", 0.50), ("azure", 2.30), ("gcp", 0.50)])
def test_what_is_taken_in_is_paid_by_its_gigabytes(cloud: str, each: float) -> None:
    taken = MONTH + BY_ITSELF.get(cloud, 0.0)
    assert usd(replace(ONE, cloud=cloud), "logs, less what is free") == pytest.approx(taken * each)


@pytest.mark.parametrize(
    ("cloud", "each", "months"), [("aws", 0.03 * 0.2, 12.0), ("azure", 0.10, 11.0), ("gcp", 0.01, 11.0)]
)
def test_a_year_of_it_is_kept_less_the_days_already_paid(cloud: str, each: float, months: float) -> None:
    year = replace(ONE, cloud=cloud, days=365)
    taken = MONTH + BY_ITSELF.get(cloud, 0.0)
    assert usd(year, "logs, kept for longer") == pytest.approx(taken * months * each)


def test_days_that_are_paid_cost_nothing_more() -> None:
    assert "logs, kept for longer" not in rows_of(replace(ONE, cloud="azure", days=31))
    assert "logs, kept for longer" not in rows_of(replace(ONE, cloud="gcp", days=30))


def test_lines_for_each_request_are_kept_beside_the_log_where_they_are_in_it() -> None:
    year = replace(ONE, days=365, each_request=True)
    ours, azure = (replace(year, cloud=cloud) for cloud in ("aws", "azure"))
    assert usd(ours, "logs, kept for longer") == usd(replace(ours, each_request=False), "logs, kept for longer")
    lines = 2 * 800 * SECONDS / 1e9
    assert usd(azure, "logs, kept for longer") == pytest.approx((MONTH + lines) * 11.0 * 0.10)
