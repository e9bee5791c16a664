"""The dashboard on AWS: every panel, of this site's own metrics, with the alarms' thresholds."""

from __future__ import annotations

import json
from typing import Any

from infra.panels import PANELS
from tests.infra.conftest import RunOf
from tests.infra.harness import run_stack

DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def widgets(run_of: RunOf) -> dict[str, dict[str, Any]]:
    """Title -> the widget's properties."""
    body = json.loads(run_of("aws").one(DASHBOARD).inputs["dashboardBody"])
    return {widget["properties"]["title"]: widget["properties"] for widget in body["widgets"]}


def test_it_has_the_sites_name_and_every_panel(run_of: RunOf) -> None:
    assert run_of("aws").one(DASHBOARD).inputs["dashboardName"] == "outlast-aws"
    assert list(widgets(run_of)) == [panel.title for panel in PANELS]
    assert {properties["region"] for properties in widgets(run_of).values()} == {"us-east-1"}


def test_what_an_alarm_looks_at_is_drawn_with_its_threshold(run_of: RunOf) -> None:
    alarm = run_of("aws").all(ALARM)["alarm-slow"].inputs
    drawn = widgets(run_of)["Time of the slowest twentieth of the answers (p95)"]
    ((namespace, name, dimension, value, rendering),) = drawn["metrics"]
    assert (namespace, name, {dimension: value}) == (alarm["namespace"], alarm["metricName"], alarm["dimensions"])
    assert rendering["stat"] == alarm["extendedStatistic"]
    assert [mark["value"] for mark in drawn["annotations"]["horizontal"]] == [alarm["threshold"]]


def test_the_share_of_errors_is_the_alarms_expression(run_of: RunOf) -> None:
    *counted, share = run_of("aws").all(ALARM)["alarm-errors"].inputs["metricQueries"]
    drawn, *hidden = widgets(run_of)["Answers with an error of the server (5xx)"]["metrics"]
    assert drawn == [{"id": "share", "expression": share["expression"], "label": "5xx"}]
    assert [(line[-1]["id"], line[1], line[-1]["visible"]) for line in hidden] == [
        (query["id"], query["metric"]["metricName"], False) for query in counted
    ]


def test_replicas_stand_between_their_bounds(run_of: RunOf) -> None:
    drawn = widgets(run_of)["Replicas that serve, and that should and do not"]
    assert [mark["value"] for mark in drawn["annotations"]["horizontal"]] == [2, 4]


def test_a_small_site_has_none_unless_it_asks() -> None:
    assert not run_stack("aws", dashboard=None).all(DASHBOARD)
