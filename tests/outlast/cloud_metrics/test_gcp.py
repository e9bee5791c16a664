"""Cloud Monitoring in the shape that its reference gives: a time series for each figure, and the open alerts."""

from __future__ import annotations

from typing import Any

import httpx

from outlast.cloud_metrics import gcp
from outlast.cloud_metrics.figures import Figures
from tests.outlast.cloud_metrics.places import GCP, MINUTE, Web

VALUES = {
    "response_code_class": {"doubleValue": 0.5},
    "request_count": {"doubleValue": 20.0},
    "total_latencies": {"doubleValue": 55.5},
    "cpu/utilizations": {"doubleValue": 0.25},
}


def _answer(request: httpx.Request) -> dict[str, Any]:
    value = next(value for word, value in VALUES.items() if word in request.url.params["filter"])
    return {"timeSeries": [{"metric": {}, "points": [{"interval": {}, "value": value}]}]}


def test_a_minute_is_read_by_four_calls() -> None:
    web = Web(_answer)
    assert gcp.read_figures(GCP, MINUTE, web.clouds()) == Figures(MINUTE, 20.0, 0.5, 55.5, cpu_percent=25.0)
    assert {request.url.path for request in web.asked} == {"/v3/projects/a-project/timeSeries"}
    assert len(web.asked) == 4
    assert dict(web.asked[0].url.params) == {
        "filter": 'metric.type="loadbalancing.googleapis.com/https/request_count" AND '
        'resource.type="https_lb_rule" AND resource.labels.url_map_name="outlast-gcp"',
        "interval.startTime": "2026-11-29T12:00:00+00:00",
        "interval.endTime": "2026-11-29T12:01:00+00:00",
        "aggregation.alignmentPeriod": "60s",
        "aggregation.perSeriesAligner": "ALIGN_RATE",
        "aggregation.crossSeriesReducer": "REDUCE_SUM",
    }


def test_a_minute_without_series_had_no_request() -> None:
    assert gcp.read_figures(GCP, MINUTE, Web(lambda _: {}).clouds()) == Figures(MINUTE, 0.0)


def test_alerts_are_the_open_ones_of_the_sites_policies() -> None:
    listed = [
        {"state": state, "openTime": "2026-11-29T12:00:00Z", "policy": {"displayName": name}}
        for state, name in (("OPEN", "outlast-gcp-slow"), ("CLOSED", "outlast-gcp-busy"), ("OPEN", "somebody-elses"))
    ]
    web = Web(lambda _: {"alerts": listed})
    (found,) = gcp.read_alarms(GCP, web.clouds())
    assert (found.site, found.name, found.since) == ("gcp", "outlast-gcp-slow", MINUTE)
    assert web.asked[0].url.path == "/v3/projects/a-project/alerts"
