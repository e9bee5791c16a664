"""Metrics and alerts of Azure Monitor, as their API documents them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.clouds.azure import monitor_api
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds import monitors, sites
from tests.sandbox.clouds.harness import Clouds

SPAN = "/".join(
    datetime.fromtimestamp(one, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for one in (monitors.BEGIN, monitors.END)
)


def asked(clouds: Clouds) -> str:
    return f"{clouds.only('azure-native:app:ContainerApp').id}/providers/Microsoft.Insights/metrics"


def test_requests_are_told_apart_by_the_category_of_their_status(clouds: Clouds) -> None:
    sites.azure_site(clouds)
    watched = monitors.Watched()
    watched.answers("azure", 5, 2)
    query = {
        "metricnames": "Requests",
        "aggregation": "Total",
        "timespan": SPAN,
        "$filter": "statusCodeCategory eq '*'",
    }
    (metric,) = monitor_api.answer(clouds.world, watched.monitor, "GET", asked(clouds), query)["value"]
    found = {one["metadatavalues"][0]["value"]: one["data"][0]["total"] for one in metric["timeseries"]}
    assert found == {"2xx": 5.0, "5xx": 2.0} and monitor_api.owner(clouds.world, asked(clouds)) == "azure"


def test_times_are_milliseconds_and_without_any_there_is_no_value(clouds: Clouds) -> None:
    sites.azure_site(clouds)
    watched = monitors.Watched()
    query = {"metricnames": "ResponseTime,CpuPercentage", "aggregation": "Average", "timespan": SPAN}
    watched.answers("azure", 4, seconds=0.25)
    times, cpu = monitor_api.answer(clouds.world, watched.monitor, "GET", asked(clouds), query)["value"]
    assert times["timeseries"][0]["data"][0]["average"] == 250.0
    assert "average" not in cpu["timeseries"][0]["data"][0]


def test_alerts_are_those_that_are_fired(clouds: Clouds) -> None:
    rule = sites.azure_alarm(clouds)
    watched, made = monitors.Watched(), clouds.only(sites.METRIC_ALERT)
    path = f"/subscriptions/{rule.id.split('/')[2]}/providers/Microsoft.AlertsManagement/alerts"
    assert monitor_api.answer(clouds.world, watched.monitor, "GET", path, {}) == {"value": []}
    watched.on[made.key] = monitors.NOW
    (alert,) = monitor_api.answer(clouds.world, watched.monitor, "GET", path, {})["value"]
    essentials = alert["properties"]["essentials"]
    assert (essentials["alertRule"], essentials["monitorCondition"]) == (rule.id, "Fired")
    assert monitor_api.owner(clouds.world, path) == "azure"


def test_what_is_not_there_is_refused(clouds: Clouds) -> None:
    sites.azure_site(clouds)
    monitor, query = monitors.Watched().monitor, {"metricnames": "Nothing", "timespan": SPAN}
    for method, path, told in (
        ("POST", asked(clouds), "MethodNotAllowed"),
        (
            "GET",
            asked(clouds).replace("outlast-azure/providers/Microsoft.Insights", "gone/providers/Microsoft.Insights"),
            "ResourceNotFound",
        ),
        ("GET", asked(clouds), "Failed to find metric configuration for metric: Nothing"),
    ):
        with pytest.raises(CloudRefused, match=told):
            monitor_api.answer(clouds.world, monitor, method, path, query)
    assert monitor_api.owner(clouds.world, "/elsewhere") == ""


@pytest.mark.parametrize(
    ("wrong", "told"),
    [({"timespan": "yesterday"}, "Invalid timespan"), ({"aggregation": "P95"}, "Invalid aggregation")],
)
def test_what_is_asked_for_wrongly_is_refused(clouds: Clouds, wrong: dict[str, str], told: str) -> None:
    sites.azure_site(clouds)
    with pytest.raises(CloudRefused, match=told):
        query = {"metricnames": "ResponseTime", "timespan": SPAN, **wrong}
        monitor_api.answer(clouds.world, monitors.Watched().monitor, "GET", asked(clouds), query)


def test_without_a_time_the_last_hour_is_meant(clouds: Clouds) -> None:
    sites.azure_site(clouds)
    query = {"metricnames": "ResponseTime"}
    (metric,) = monitor_api.answer(clouds.world, monitors.Watched().monitor, "GET", asked(clouds), query)["value"]
    began = datetime.fromisoformat(metric["timeseries"][0]["data"][0]["timeStamp"])
    assert timedelta(hours=1) <= datetime.now(UTC) - began < timedelta(hours=2)
