"""Bytes, seconds and dollars."""

from __future__ import annotations

import pytest

from infra.cost.prices import PRICES
from outlast.sync.reckoning import (
    Leg,
    describe_bytes,
    describe_prices,
    describe_usd,
    predict_seconds,
    sum_bytes,
    sum_usd,
)


@pytest.mark.parametrize(("address", "row"), [("s3://b", "aws-out"), ("az://a/c", "azure-out"), ("gs://b", "gcp-out")])
def test_what_leaves_a_cloud_costs_what_its_row_says(address: str, row: str) -> None:
    assert Leg(address, into=10**12, out=2 * 10**9).usd == pytest.approx(2 * PRICES[row].usd)


def test_a_folder_costs_nothing_and_is_not_on_the_line() -> None:
    legs = [Leg("/data", out=500), Leg("s3://b", into=500, out=500)]
    assert (legs[0].usd, sum_bytes(legs)) == (0.0, 1000)
    assert sum_usd(legs) == legs[1].usd
    assert predict_seconds(legs, 100.0) == 10.0
    assert predict_seconds(legs, None) == pytest.approx(1000 / 12_500_000)


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 B"), (999, "999 B"), (1200, "1.2 kB"), (3.4e9, "3.4 GB"), (5e12, "5.0 TB")]
)
def test_sizes_in_the_unit_that_reads_best(size: float, words: str) -> None:
    assert describe_bytes(size) == words


def test_small_sums_are_not_rounded_to_nothing() -> None:
    assert [describe_usd(usd) for usd in (0.0, 0.001, 1.234)] == ["0.00 USD", "under 0.01 USD", "1.23 USD"]
    assert "list prices of 20" in describe_prices()
