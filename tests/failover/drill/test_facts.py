"""What counts as a healthy site: Route 53's own share of checkers, a right answer, and a valid certificate."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from failover.drill.facts import Answer, CheckerView, Facts, SiteProbe

GOOD = SiteProbe("aws", "192.0.2.1", Answer("aws", 0.1), datetime(2026, 6, 1, tzinfo=UTC))


def facts(view: CheckerView | None, probe: SiteProbe | None) -> Facts:
    views = {} if view is None else {"aws": view}
    probes = {} if probe is None else {"aws": probe}
    plan: Any = None  # nothing here asks for it
    return Facts(plan, (), views, probes, 60, datetime(2026, 3, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("succeeding", "total", "healthy"), [(0, 0, False), (0, 8, False), (18, 100, False), (19, 100, True), (2, 8, True)]
)
def test_more_than_eighteen_percent_of_the_checkers_hold_a_site_healthy(
    succeeding: int, total: int, healthy: bool
) -> None:
    assert CheckerView(succeeding, total).healthy is healthy


@pytest.mark.parametrize(
    ("view", "probe", "problem"),
    [
        (None, GOOD, "was not looked at"),
        (CheckerView(8, 8), None, "was not looked at"),
        (CheckerView(0, 0), GOOD, "has not been looked at by Route 53 yet"),
        (CheckerView(1, 8), GOOD, "is unhealthy to Route 53 (1 of 8 checkers succeed)"),
        (CheckerView(1, 8, "503"), GOOD, "is unhealthy to Route 53 (1 of 8 checkers succeed: 503)"),
        (CheckerView(8, 8), replace(GOOD, answer=Answer(None, 1.0, error="timed out")), "does not answer right: timed"),
        (CheckerView(8, 8), replace(GOOD, answer=Answer("aws", 1.0, wrong="label")), "does not answer right: label"),
        (
            CheckerView(8, 8),
            replace(GOOD, certificate_ends=None, certificate_error="expired"),
            "has no valid certificate: expired",
        ),
    ],
)
def test_the_first_thing_that_is_wrong_with_a_site_is_told(
    view: CheckerView | None, probe: SiteProbe | None, problem: str
) -> None:
    assert facts(view, probe).find_problem("aws").startswith(problem)


def test_a_site_that_both_find_healthy_has_no_problem() -> None:
    assert facts(CheckerView(2, 8), GOOD).find_problem("aws") == ""
