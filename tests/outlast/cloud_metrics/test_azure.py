"""Azure Monitor in the shape that its documentation gives: two questions for the figures, one for the alerts."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from outlast.cloud_metrics import azure
from outlast.cloud_metrics.figures import Figures
from service.errors import Unavailable
from tests.outlast.cloud_metrics.places import AZURE, MINUTE, SUBSCRIPTION, Web


def _metric(name: str, *series: dict[str, Any]) -> dict[str, Any]:
    return {"name": {"value": name, "localizedValue": name}, "errorCode": "Success", "timeseries": list(series)}


def _of(category: str, **point: float | None) -> dict[str, Any]:
    dimension = {"name": {"value": "statuscodecategory"}, "value": category}
    return {"metadatavalues": [dimension], "data": [{"timeStamp": "2026-11-29T12:00:00Z", **point}]}


def _answer(request: httpx.Request) -> dict[str, Any]:
    if request.url.params["metricnames"] == "Requests":
        return {"value": [_metric("Requests", _of("2xx", total=588.0), _of("5xx", total=12.0), _of("4xx", total=None))]}
    points = {"ResponseTime": 7.25, "CpuPercentage": 31.0}
    return {"value": [_metric(name, {"data": [{"average": value}]}) for name, value in points.items()]}


def test_a_minute_is_read_by_two_calls() -> None:
    web = Web(_answer)
    assert azure.read_figures(AZURE, MINUTE, web.clouds()) == Figures(MINUTE, 10.0, 0.2, 7.25, "average", 31.0)
    counted, measured = (request.url for request in web.asked)
    app = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/outlast-azure/providers/Microsoft.App/containerApps"
    assert counted.path == f"{app}/outlast-azure/providers/Microsoft.Insights/metrics"
    assert dict(counted.params) == {
        "api-version": "2023-10-01",
        "metricnamespace": "Microsoft.App/containerApps",
        "metricnames": "Requests",
        "aggregation": "Total",
        "interval": "PT1M",
        "timespan": "2026-11-29T12:00:00Z/2026-11-29T12:01:00Z",
        "$filter": "statusCodeCategory eq '*'",
    }
    assert (measured.params["metricnames"], measured.params["aggregation"]) == ("ResponseTime,CpuPercentage", "Average")


def test_a_minute_without_data_had_no_request_and_no_times() -> None:
    web = Web(lambda _: {"value": [_metric("Requests"), _metric("ResponseTime", {"data": [{"timeStamp": "…"}]})]})
    assert azure.read_figures(AZURE, MINUTE, web.clouds()) == Figures(MINUTE, 0.0, latency="average")


def _alert(rule: str, condition: str = "Fired") -> dict[str, Any]:
    essentials = {"alertRule": rule, "monitorCondition": condition, "startDateTime": "2026-11-29T12:00:00.1234567Z"}
    return {"properties": {"essentials": essentials}}


def test_alerts_are_those_of_the_sites_rules_by_name_or_by_id() -> None:
    rules = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/outlast-azure/providers/microsoft.insights/metricAlerts"
    listed = [
        _alert(f"{rules}/outlast-azure-errors"),
        _alert("outlast-azure-busy"),
        _alert("outlast-azure-slow", "Resolved"),
        _alert("somebody-elses"),
    ]
    web = Web(lambda _: {"value": listed})
    found = azure.read_alarms(AZURE, web.clouds())
    assert [(one.site, one.name, one.since) for one in found] == [
        ("azure", "outlast-azure-errors", MINUTE),
        ("azure", "outlast-azure-busy", MINUTE),
    ]
    (request,) = web.asked
    assert request.url.path == f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.AlertsManagement/alerts"
    fired = {"monitorCondition": "Fired", "timeRange": "30d", "pageCount": "250"}
    assert dict(request.url.params) == {"api-version": "2019-03-01", **fired}


def test_a_refusal_is_told() -> None:
    web = Web(lambda _: httpx.Response(403, text="AuthorizationFailed"))
    with pytest.raises(Unavailable, match=r"refused to read the metrics of outlast-azure: AuthorizationFailed"):
        azure.read_figures(AZURE, MINUTE, web.clouds())
