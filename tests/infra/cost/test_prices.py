"""The price table: dated, sourced, and said to be old when it is."""

from __future__ import annotations

import datetime

from infra.cost.prices import CHECKED, PRICES, age_days, is_stale


def test_every_price_has_a_unit_and_a_source() -> None:
    assert [name for name, price in PRICES.items() if not (price.usd > 0 and price.unit and "." in price.source)] == []


def test_a_table_is_stale_after_ninety_days() -> None:
    assert not is_stale(CHECKED + datetime.timedelta(days=90))
    assert is_stale(CHECKED + datetime.timedelta(days=91))
    assert age_days(CHECKED + datetime.timedelta(days=91)) == 91


def test_spot_is_thirty_percent_of_its_price() -> None:
    for part in ("cpu", "memory"):
        assert PRICES[f"fargate-spot-{part}"].usd == round(0.3 * PRICES[f"fargate-{part}"].usd, 10)


def test_a_busy_second_of_cloud_run_costs_what_the_page_says() -> None:
    assert round(PRICES["gcp-idle-cpu"].usd + PRICES["gcp-busy-cpu"].usd, 10) == 0.000024


def test_prices_are_printed_in_full() -> None:
    printed = [str(PRICES[name]) for name in ("gcp-idle-cpu", "zone", "check-option-aws", "fargate-cpu")]
    assert printed == ["0.0000025", "0.50", "1.00", "0.04048"]
