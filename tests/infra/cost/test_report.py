"""Costs as text, as data and as bars."""

from __future__ import annotations

import datetime

import pytest

from infra.cost.estimate import Checks, Load, estimate, list_assumptions
from infra.cost.prices import CHECKED
from infra.cost.report import Costs, bars, list_warnings, render_summary, render_text, to_data
from infra.cost.variants import compare
from tests.infra.cost.test_estimate import THREE


def costs(rps: float = 5.0, days: int = 1, budget: float | None = 300.0, **unknown: str) -> Costs:
    load = Load(rps=rps)
    return Costs(
        estimate=estimate(THREE, Checks(), load),
        variants=compare(THREE, Checks(), load),
        assumptions=list_assumptions(THREE, load),
        unknown=unknown,
        today=CHECKED + datetime.timedelta(days=days),
        budget_usd=budget,
    )


def test_the_summary_has_a_line_for_each_place_and_one_for_all() -> None:
    head, *rows, total = render_summary(costs()).splitlines()
    assert head == f"cost a month in USD, at 5 predictions a second, prices of {CHECKED}:"
    assert [row.split()[0] for row in rows] == ["aws", "azure", "gcp", "DNS"]
    assert "per 1,000 predictions; budget 300.00" in total
    shown = [float(row.split()[-1]) for row in rows]
    assert float(total.split()[2]) == pytest.approx(sum(shown), abs=0.02)


def test_without_a_caller_there_is_no_price_of_a_prediction() -> None:
    assert "per 1,000" not in render_text(costs(rps=0.0))
    assert to_data(costs(rps=0.0))["per_1000_predictions"] is None


def test_the_text_marks_what_is_assumed_and_says_how_it_was_multiplied() -> None:
    text = render_text(costs(), lines=True)
    assert text.index("line by line") < text.index("otherwise") < text.index("assumed:\n  - a prediction sends")
    assert "public IPv4 addresses, the load balancer's one a zone and one a task: 4 x 730 h at 0.005" in text
    (row,) = [line for line in text.splitlines() if "Fargate, CPU" in line]
    assert "*" not in row
    (row,) = [line for line in text.splitlines() if "Container Apps, memory" in line]
    assert "*" in row


def test_the_report_fits_a_screen_unless_its_lines_are_asked_for() -> None:
    short = render_text(costs())
    assert "Fargate" not in short.partition("otherwise")[0] and len(short.splitlines()) <= 16
    assert set(short.splitlines()) < set(render_text(costs(), lines=True).splitlines())


def test_the_price_of_redundancy_is_beside_the_cheapest_site() -> None:
    rows = [line for line in render_text(costs()).splitlines() if "only " in line or "active-" in line]
    assert any("+0.00" in row for row in rows)
    assert any("active-active" in row and "+" in row for row in rows)


def test_the_data_adds_up() -> None:
    data = to_data(costs())
    assert sum(line["month"] for line in data["lines"]) == pytest.approx(data["month"], abs=0.2)
    assert sum(data["places"].values()) == pytest.approx(data["month"], abs=0.05)
    assert data["prices_of"] == CHECKED.isoformat()


def test_prices_that_are_old_and_sites_that_are_missing_are_said() -> None:
    assert list_warnings(costs()) == []
    old, missing = list_warnings(costs(days=91)), list_warnings(costs(gcp="no such file"))
    assert "91 days old" in old[0]
    assert missing == ["gcp is not in these figures: no such file"]


def test_bars_are_parts_of_the_longest() -> None:
    found = bars({v.name: v.estimate for v in costs().variants})
    assert max(bar.standing + bar.requests for bar in found) == pytest.approx(1.0)
    assert all(bar.standing > 0 and bar.requests >= 0 for bar in found)
    assert bars({}) == []
