"""The view in a terminal of 60 columns, and the changes of it as lines."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from outlast.page.plain import WIDTH, changes, draw, facts

SITE: dict[str, Any] = {
    "name": "aws",
    "health": "healthy",
    "weight": "50",
    "ready": 2,
    "min": 2,
    "share": 0.5,
    "p95_ms": 12.3,
}
LOST = {**SITE, "name": "azure", "health": "unhealthy", "ready": 0, "share": 0.0, "p95_ms": None}
DRILL: dict[str, Any] = {
    "site": "aws",
    "step": "steady again",
    "stopped": False,
    "predicted_seconds": [31, 36],
    "moving_seconds": 33,
}
VIEW: dict[str, Any] = {
    "host": "api.outlast.example",
    "read_only": False,
    "speed": 10,
    "sites": [SITE, LOST],
    "zone": {"origin": "aws.api.outlast.example", "left_seconds": 12},
    "clients": [
        {"kind": "browser", "site": "", "failed": 3},
        {"kind": "outlast", "site": "aws", "failed": 0},
    ],
    "drill": DRILL,
    "faults": ["azure: the cloud is gone"],
    "alarms": [{"name": "traffic-azure-unreachable", "site": "azure"}],
}
AWAY = {"error": "the sandbox does not answer", "hint": "make up"}


def _drawn(view: dict[str, Any]) -> list[str]:
    console = Console(file=StringIO(), width=WIDTH, color_system=None)
    console.print(draw(view))
    assert isinstance(console.file, StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_sixty_columns_suffice() -> None:
    assert _drawn(VIEW) == [
        "api.outlast.example, clock 10 times real time",
        "site   health     weight   ready  answers  p95 ms",
        "aws    healthy        50  2 of 2      50%      12",
        "azure  unhealthy      50  0 of 2       0%",
        "DNS: aws.api.outlast.example, 12 s left",
        "browser  nobody   3 failed",
        "outlast  aws      0 failed",
        "drill: aws: steady again, 33 s of 31 to 36 s",
        "azure: the cloud is gone",
        "alarm: traffic-azure-unreachable",
    ]


def test_a_sandbox_that_is_away_is_told() -> None:
    assert _drawn(AWAY) == ["the sandbox does not answer (make up)"]
    assert facts(AWAY) == {"source": "the sandbox does not answer"}


@pytest.mark.parametrize(
    ("drill", "told"),
    [
        (None, "drill: none"),
        ({**DRILL, "stopped": True}, "drill: aws: stopped at steady again, not undone (outlast"),
    ],
)
def test_a_drill_that_does_not_run(drill: dict[str, Any] | None, told: str) -> None:
    assert told in _drawn({**VIEW, "drill": drill, "zone": None})


def test_only_what_is_another_is_a_line() -> None:
    before = facts(VIEW)
    assert changes({}, before) == [f"{name}: {fact}" for name, fact in before.items()]
    busier = {**SITE, "share": 0.9, "p95_ms": 99.0}
    assert changes(before, facts({**VIEW, "sites": [busier, LOST]})) == []
    after = facts({**VIEW, "sites": [SITE, {**LOST, "health": "healthy"}], "drill": None, "faults": [], "alarms": []})
    assert changes(before, after) == [
        "azure: healthy, weight 50, 0 of 2 ready",
        "drill: none",
        "faults and alarms: none",
    ]


def test_real_accounts_are_told_as_such_and_replicas_that_nobody_declared_are_those_seen() -> None:
    drawn = _drawn({**VIEW, "read_only": True, "sites": [{**SITE, "min": None}]})
    assert drawn[0] == "api.outlast.example, real accounts, read only"
    assert drawn[2].split() == ["aws", "healthy", "50", "2", "50%", "12"]


def test_what_is_found_at_real_accounts_is_told_with_its_place_and_no_client_is() -> None:
    troubles = [{"name": "drained", "site": "gcp"}, {"name": "no metrics", "site": "azure"}]
    view = {**VIEW, "read_only": True, "clients": [], "faults": [], "alarms": troubles}
    assert _drawn(view)[-2:] == ["gcp: drained", "azure: no metrics"]
    assert facts(view)["faults and alarms"] == "gcp: drained; azure: no metrics"
    assert "clients" not in facts(view)


def test_what_the_clouds_say_is_told_and_a_minutes_figures_are_no_change() -> None:
    figures = "6 requests/s, 0.0% 5xx (CloudWatch, minute of 12:01 UTC)"
    site = {**SITE, "ready": None, "cloud": figures}
    view = {**VIEW, "read_only": True, "clients": [], "sites": [site], "unread": ["gcp's alarms: no credentials"]}
    drawn = _drawn(view)
    assert "? of 2" in drawn[2]
    assert " ".join(drawn[-3:]) == f"aws: {figures} gcp's alarms: no credentials"
    before = facts(view)
    assert before["not known"] == "gcp's alarms: no credentials"
    assert changes(before, facts({**view, "sites": [{**site, "cloud": "another minute"}]})) == []
