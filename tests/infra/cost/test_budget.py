"""The preview of traffic says what it costs, and refuses what is above the budget."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from infra.cost import budget
from infra.cost.budget import judge_cost, reckon
from infra.cost.prices import SECONDS
from infra.routing import RoutingPolicy
from infra.settings.exceptions import OVER_BUDGET, Excuse
from infra.settings.kinds import TrafficSettings
from infra.stack_file import parse
from service.errors import Refused
from tests.infra.harness import configuration


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"info": [], "warn": []}
    for level, lines in found.items():
        monkeypatch.setattr(pulumi.log, level, lines.append)
    return found


def settings(**changed: Any) -> TrafficSettings:
    parsed = parse("traffic", configuration("traffic"))
    assert isinstance(parsed, TrafficSettings)
    return replace(parsed, **changed)


def test_within_the_budget_the_preview_says_the_cost(said: dict[str, list[str]]) -> None:
    judge_cost(settings())
    (text,) = said["info"]
    assert "in all" in text and "budget" in text
    assert said["warn"] == []


def test_the_health_checks_of_drain_switches_are_paid_for() -> None:
    without = reckon(settings()).estimate
    costs = reckon(settings(drain_switches={"azure": "base-aws"}))
    assert costs.estimate.usd - without.usd == pytest.approx(0.50 + 0.75 + 2 * 2.00 + 0.40 * 0.6 * SECONDS / 1e6)
    only_aws = next(v.estimate for v in costs.variants if v.name == "only aws")
    assert not any("switch" in line.what for line in only_aws.lines), "it is the switch of another site"


def test_above_the_budget_it_is_refused_with_the_dearest_line() -> None:
    with pytest.raises(Refused) as refused:
        judge_cost(settings(budget_usd=100.0))
    assert "above the budget of 100.00" in str(refused.value)
    assert "azure, Container Apps, CPU in use" in str(refused.value)
    assert "over-budget" in refused.value.hint


def test_an_exception_lets_it_through_and_is_said(said: dict[str, list[str]]) -> None:
    excuse = Excuse(OVER_BUDGET, "until the contract is signed", datetime.date(2099, 1, 1))
    judge_cost(settings(budget_usd=100.0, exceptions={OVER_BUDGET: excuse}))
    assert "until the contract is signed" in said["warn"][0]


def test_without_a_budget_that_is_said(said: dict[str, list[str]]) -> None:
    judge_cost(settings(budget_usd=None))
    assert "monthlyBudgetUsd" in said["warn"][0]


def test_old_prices_are_said(said: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    known = reckon(settings())
    later = replace(known, today=known.today + datetime.timedelta(days=400))
    monkeypatch.setattr(budget, "reckon", lambda settings: later)
    judge_cost(settings())
    assert "days old" in said["warn"][0]


def test_a_site_without_a_file_is_said_and_not_counted(tmp_path: Path) -> None:
    costs = reckon(settings(), stacks=tmp_path)
    assert set(costs.unknown) == {"aws", "azure", "gcp"}
    assert costs.estimate.places == ["DNS"]


def test_the_load_is_the_files_unless_another_is_asked_for() -> None:
    assert reckon(settings(average_rps=7.0)).estimate.load.rps == 7.0
    assert reckon(settings(average_rps=7.0), rps=0.0).estimate.load.rps == 0.0


def test_of_sites_that_stand_by_in_order_the_first_has_the_load() -> None:
    ordered = settings(policy=RoutingPolicy("active-passive"), weights=dict.fromkeys(("gcp", "aws"), 1))
    lines = reckon(ordered, rps=10.0).estimate.lines
    logs = {line.where: line.factors[0][0] for line in lines if line.what.startswith("logs")}
    assert logs["aws"] == 0.0 < logs["gcp"], "no prediction is asked of the site that stands by"
