"""Time series and alerts of Cloud Monitoring, as their API documents them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sandbox.clouds.gcp import alerts_api, monitoring_api
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds import monitors, sites
from tests.sandbox.clouds.harness import Clouds

COUNT = "loadbalancing.googleapis.com/https/request_count"


def asked(clouds: Clouds, aligner: str = "ALIGN_RATE", more: str = "") -> tuple[str, dict[str, str]]:
    """Path and query for the requests of the one URL map."""
    urls = clouds.only("gcp:compute/uRLMap:URLMap", "one").id
    of_site = f'resource.type="https_lb_rule" AND resource.labels.url_map_name="{urls.rpartition("/")[2]}"'
    times = {
        f"interval.{name}": datetime.fromtimestamp(at, UTC).isoformat()
        for name, at in (("startTime", monitors.BEGIN), ("endTime", monitors.END))
    }
    how = {"aggregation.perSeriesAligner": aligner, "aggregation.alignmentPeriod": "60s"}
    path = f"/monitoring.googleapis.com/v3/projects/{urls.split('/')[1]}/timeSeries"
    return path, {"filter": f'metric.type="{COUNT}" AND {of_site}{more}', **times, **how}


@pytest.mark.parametrize(("more", "rate"), [("", 0.2), (" AND metric.labels.response_code_class=500", 0.05)])
def test_a_rate_is_what_was_counted_by_the_second(clouds: Clouds, more: str, rate: float) -> None:
    sites.gcp_site(clouds)
    watched = monitors.Watched()
    watched.answers("gcp", 9, 3)
    path, query = asked(clouds, more=more)
    (series,) = alerts_api.answer(clouds.world, watched.monitor, "GET", path, query)["timeSeries"]
    assert series["points"][0]["value"]["doubleValue"] == pytest.approx(rate)
    assert alerts_api.owner(clouds.world, path, query) == "gcp"


def test_without_data_there_is_no_series_and_instances_are_anothers(clouds: Clouds) -> None:
    sites.gcp_site(clouds)
    path, query = asked(clouds)
    assert alerts_api.answer(clouds.world, monitors.Watched().monitor, "GET", path, query) == {}
    assert alerts_api.is_asked(path, query)
    instances = {"filter": f'metric.type="{monitoring_api.INSTANCES}"'}
    assert not alerts_api.is_asked(path, instances) and not alerts_api.is_asked("/elsewhere", {})


def test_alerts_are_those_that_are_open(clouds: Clouds) -> None:
    sites.gcp_alarm(clouds)
    watched, policy = monitors.Watched(), clouds.only(sites.POLICY)
    path = asked(clouds)[0].replace("timeSeries", "alerts")
    assert alerts_api.answer(clouds.world, watched.monitor, "GET", path, {}) == {"alerts": []}
    watched.on[policy.key] = monitors.NOW
    (alert,) = alerts_api.answer(clouds.world, watched.monitor, "GET", path, {})["alerts"]
    assert (alert["state"], alert["policy"]["displayName"]) == ("OPEN", "site-errors")
    assert alert["openTime"].endswith("Z") and alerts_api.owner(clouds.world, path, {}) == "gcp"


def test_what_is_not_simulated_is_refused(clouds: Clouds) -> None:
    sites.gcp_site(clouds)
    path, query = asked(clouds)
    monitor = monitors.Watched().monitor
    for method, given, told in (
        ("POST", query, "UNIMPLEMENTED"),
        ("GET", {**query, "interval.endTime": ""}, "INVALID"),
    ):
        with pytest.raises(CloudRefused, match=told):
            alerts_api.answer(clouds.world, monitor, method, path, given)
    assert alerts_api.owner(clouds.world, "/elsewhere", {}) == ""
