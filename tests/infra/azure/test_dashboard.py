"""The dashboard on Azure: every panel that Container Apps has a metric for, in Azure's units."""

from __future__ import annotations

from typing import Any

from infra.alerts import ERROR_COUNT
from tests.infra.conftest import RunOf
from tests.infra.harness import run_stack

DASHBOARD = "azure-native:portal:Dashboard"


def charts(run_of: RunOf) -> list[dict[str, Any]]:
    (lens,) = run_of("azure").one(DASHBOARD).inputs["properties"]["lenses"]
    return [part["metadata"]["settings"]["content"]["options"]["chart"] for part in lens["parts"]]


def test_every_chart_is_of_the_app(run_of: RunOf) -> None:
    metrics = [metric for chart in charts(run_of) for metric in chart["metrics"]]
    assert {metric["resourceMetadata"]["id"] for metric in metrics} == {"app-id"}
    assert [metric["name"] for metric in metrics] == [
        *("Requests", "Requests", "ResponseTime", "Replicas", "CpuPercentage", "MemoryPercentage")
    ]


def test_where_no_line_can_be_drawn_the_title_says_the_threshold(run_of: RunOf) -> None:
    assert [chart["title"] for chart in charts(run_of)] == [
        "Requests, a minute",
        f"Answers with an error of the server (5xx), counted (alarm above {ERROR_COUNT})",
        "Time of the answers, average in ms (alarm above 1000)",
        "Replicas (2 to 4)",
        "CPU and memory of the replicas, % (alarm above 85 %)",
    ]


def test_errors_are_told_apart_by_the_category_of_their_status(run_of: RunOf) -> None:
    filtered = [chart["filterCollection"]["filters"] for chart in charts(run_of) if "filterCollection" in chart]
    assert filtered == [[{"key": "statusCodeCategory", "operator": 0, "values": ["5xx"]}]]


def test_a_small_site_has_none_unless_it_asks() -> None:
    assert not run_stack("azure", dashboard=None).all(DASHBOARD)
