"""What DNS costs, by hand and by the program that makes it."""

from __future__ import annotations

import math

import pytest

from infra.cost.dns import caused, standing
from infra.cost.prices import PRICES, SECONDS
from tests.infra.harness import run_stack

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def usd(rows: dict[str, float], what: str) -> float:
    (found,) = [value for name, value in rows.items() if what in name]
    return found


def months(*, switched: int = 0, alarms: int = 0) -> dict[str, float]:
    """Row -> USD a month, nothing of it free, of one site on AWS and two elsewhere."""
    rows = standing({"aws": 1, "elsewhere": 2}, options=3, switched=switched, alarms=alarms)
    return {what: PRICES[key].usd * math.prod(number for number, _ in factors) for what, (key, factors) in rows.items()}


def test_a_zone_and_its_checks_by_hand() -> None:
    """aws.amazon.com/route53/pricing: 0.50 and 0.75 a check, and 1 or 2 USD for each option of it."""
    assert sum(months().values()) == pytest.approx(0.50 + (0.50 + 3 * 1.00) + 2 * (0.75 + 3 * 2.00))


def test_each_site_has_an_alarm_where_the_program_makes_one() -> None:
    made = run_stack("traffic", alertEmail="ops@example.com").all(ALARM)
    assert usd(months(alarms=len(made)), "alarms") == pytest.approx(0.10 * len(made))
    assert not [what for what in months() if "alarm" in what]


def test_a_drain_switch_costs_two_checks_and_its_reading() -> None:
    """Six checkers of three regions each ten seconds are 1.6 million reads a month."""
    reads = 2 * 3 / 10 * SECONDS / 1e6
    more = sum(months(switched=2).values()) - sum(months().values())
    assert more == pytest.approx(2 * (0.50 + 0.75 + 2 * 2.00 + 0.40 * reads))


def test_queries_are_fewer_than_predictions() -> None:
    ((key, ((millions, _),)),) = caused(100.0, 100).values()
    assert (key, millions) == ("queries", pytest.approx(SECONDS / 1e6))
