from __future__ import annotations

import pytest

from infra.settings.alerts import read_address, read_budget
from infra.settings.reader import Reader


def reader(**settings: str) -> Reader:
    return Reader("aws", {f"outlast:{key}": value for key, value in settings.items()})


@pytest.mark.parametrize("address", ["ops", "ops@example", "two words@example.com", "@example.com"])
def test_what_is_no_address_is_said(address: str) -> None:
    asked = reader(alertEmail=address)
    read_address(asked)
    assert [m.hint for m in asked.mistakes] == ["write an address, such as ops@example.com"]


def test_without_an_address_nobody_is_told() -> None:
    assert read_address(reader()) == ""
    assert read_address(reader(alertEmail="ops@example.com")) == "ops@example.com"


def test_a_budget_needs_somebody_to_tell() -> None:
    asked = reader(monthlyBudgetUsd="150")
    read_budget(asked)
    assert [(m.what, m.hint) for m in asked.mistakes] == [
        ("is given, but nobody would be told", "write outlast:alertEmail as well")
    ]


def test_a_budget_is_a_sum_or_none() -> None:
    assert read_budget(reader(monthlyBudgetUsd="150", alertEmail="ops@example.com")) == 150
    assert read_budget(reader(alertEmail="ops@example.com")) is None
    asked = reader(monthlyBudgetUsd="0", alertEmail="ops@example.com")
    read_budget(asked)
    assert len(asked.mistakes) == 1
