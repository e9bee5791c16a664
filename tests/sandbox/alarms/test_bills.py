"""A bill grows with the clock, is expected to go on as now, ends with its month and outlives a restart."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from sandbox.alarms.bills import MONTH_SECONDS, Bills
from sandbox.alarms.counts import Counts
from sandbox.alarms.evaluate import Standing, evaluate
from sandbox.alarms.rule import State
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.conftest import clouds as clouds
from tests.sandbox.clouds.harness import Clouds

HOUR = 3600.0


class Lab:
    """Bills of one budget over two stacks, at prices that a test changes."""

    def __init__(self, folder: Path) -> None:
        self.now, self.asked = 0.0, 0
        self.monthly = {"aws": 73.0, "aws-eu": 36.5}
        self.budgets: dict[str, Collection[str]] = {"budget": ("aws", "aws-eu", "zone")}
        self.counts = Counts(lambda: self.now)
        self.file = folder / "bills.json"
        self.bills = self.begin()

    def begin(self) -> Bills:
        return Bills(self.counts, lambda: self.now, lambda: self.budgets, self.price, self.file)

    def price(self, stacks: Collection[str]) -> Mapping[str, float]:
        self.asked += 1
        return {stack: usd for stack, usd in self.monthly.items() if stack in stacks}

    def look(self, after: float) -> tuple[float, float]:
        """What is spent and what is expected, so much later."""
        self.now += after
        self.bills.note()
        spent, expected = (
            self.counts.measure(series, "budget", "maximum", self.now // 10 * 10, self.now + 10)
            for series in ("spent", "expected")
        )
        assert spent is not None and expected is not None
        return spent, expected


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_it_grows_by_the_price_of_each_stack_and_is_expected_to_go_on(lab: Lab) -> None:
    assert lab.look(0) == (0, pytest.approx(109.5))
    assert lab.look(10 * HOUR) == (pytest.approx(1.5), pytest.approx(109.5))


def test_a_price_that_rises_counts_from_when_it_is_asked_again(lab: Lab) -> None:
    lab.look(0)
    lab.look(300)
    assert lab.asked == 1, "not each quarter of a minute"
    lab.monthly["aws"] = 730.0
    spent, _ = lab.look(300)
    assert lab.asked == 2
    later, expected = lab.look(HOUR)
    assert later - spent == pytest.approx(1.0 + 0.05)
    assert expected > 700


def test_it_ends_with_its_month(lab: Lab) -> None:
    lab.look(0)
    spent, _ = lab.look(MONTH_SECONDS - HOUR)
    assert spent == pytest.approx(109.5, rel=0.01)
    spent, _ = lab.look(2 * HOUR)
    assert spent < 1


def test_what_is_spent_outlives_a_restart_and_the_time_between_costs_nothing(lab: Lab) -> None:
    lab.look(0)
    spent, _ = lab.look(100 * HOUR)
    lab.now += 1000 * HOUR
    lab.bills = lab.begin()
    assert lab.look(0)[0] == pytest.approx(spent)


@pytest.mark.parametrize("kept", ["", "{", '{"elapsed": 1}', '{"elapsed": 1, "spent": []}'])
def test_a_file_that_cannot_be_read_is_a_new_month(lab: Lab, kept: str) -> None:
    lab.file.write_text(kept)
    lab.bills = lab.begin()
    assert lab.look(0)[0] == 0


def test_without_a_budget_nobody_asks_for_prices(lab: Lab) -> None:
    lab.budgets = {}
    lab.bills.note()
    assert lab.asked == 0 and not lab.file.exists()


def test_an_alarm_of_a_budget_begins_once_its_share_is_spent(lab: Lab, clouds: Clouds) -> None:
    made = sites.aws_budget(clouds)  # of 50 USD
    spent, expected = clouds.effects().alarms
    lab.budgets = {f"{sites.AWS_BUDGET}|{made.id}": ("aws",)}
    lab.bills.note()
    assert evaluate(expected, lab.counts, Standing(), 60).state is State.ALARM, "73 USD a month are more than 50"
    assert evaluate(spent, lab.counts, Standing(), 60).state is State.OK
    lab.now = 401 * HOUR
    lab.bills.note()
    assert evaluate(spent, lab.counts, Standing(), lab.now + 60).state is State.ALARM, "40.10 of 50 USD"
