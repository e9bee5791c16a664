"""The dashboard on Google Cloud: the alarms' own filters, with their thresholds in Google's units."""

from __future__ import annotations

import json
from typing import Any

from tests.infra.conftest import RunOf
from tests.infra.harness import run_stack

DASHBOARD, POLICY = "gcp:monitoring/dashboard:Dashboard", "gcp:monitoring/alertPolicy:AlertPolicy"


def charts(run_of: RunOf) -> dict[str, dict[str, Any]]:
    """Title -> the chart."""
    body = json.loads(run_of("gcp").one(DASHBOARD).inputs["dashboardJson"])
    return {tile["widget"]["title"]: tile["widget"]["xyChart"] for tile in body["mosaicLayout"]["tiles"]}


def threshold(run_of: RunOf, name: str) -> dict[str, Any]:
    (one,) = run_of("gcp").all(POLICY)[f"alarm-{name}"].inputs["conditions"]
    return dict(one["conditionThreshold"])


def test_what_an_alarm_looks_at_is_drawn_with_its_threshold(run_of: RunOf) -> None:
    for name, title in (
        ("slow", "Time of the slowest twentieth of the answers (p95)"),
        ("busy", "CPU and memory of the replicas"),
    ):
        alarm, chart = threshold(run_of, name), charts(run_of)[title]
        query = chart["dataSets"][0]["timeSeriesQuery"]["timeSeriesFilter"]
        assert (query["filter"], query["aggregation"]) == (alarm["filter"], alarm["aggregations"][0])
        assert [line["value"] for line in chart["thresholds"]] == [alarm["thresholdValue"]]


def test_the_share_of_errors_is_the_alarms_ratio(run_of: RunOf) -> None:
    alarm, chart = threshold(run_of, "errors"), charts(run_of)["Answers with an error of the server (5xx)"]
    ratio = chart["dataSets"][0]["timeSeriesQuery"]["timeSeriesFilterRatio"]
    assert ratio["numerator"]["filter"] == alarm["filter"]
    assert ratio["denominator"]["filter"] == alarm["denominatorFilter"]
    assert [line["value"] for line in chart["thresholds"]] == [alarm["thresholdValue"]]


def test_replicas_stand_between_their_bounds(run_of: RunOf) -> None:
    lines = charts(run_of)["Replicas that serve, and that should and do not"]["thresholds"]
    assert [line["value"] for line in lines] == [2, 4]


def test_a_small_site_has_none_unless_it_asks() -> None:
    assert not run_stack("gcp", dashboard=None).all(DASHBOARD)
