"""Time series of Cloud Monitoring: how many instances a service has now."""

from __future__ import annotations

import pytest

from sandbox.clouds.gcp import monitoring_api
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds

END = {"interval.endTime": "2026-11-29T12:00:00+00:00"}


def asked(clouds: Clouds, metric: str = monitoring_api.INSTANCES) -> tuple[str, dict[str, str]]:
    """Path and query for the one service."""
    _, project, *_, name = clouds.only("gcp:cloudrunv2/service:Service").id.split("/")
    filter_ = f'metric.type="{metric}" AND resource.labels.service_name="{name}"'
    return f"/monitoring.googleapis.com/v3/projects/{project}/timeSeries", {"filter": filter_, **END}


def test_instances_that_serve_are_one_point_of_this_moment(clouds: Clouds) -> None:
    sites.gcp_site(clouds)
    clouds.serving["gcp"] = 3
    path, query = asked(clouds)
    (series,) = monitoring_api.answer(clouds.world, "GET", path, query)["timeSeries"]
    assert [point["value"] for point in series["points"]] == [{"int64Value": "3"}]
    assert monitoring_api.owner(clouds.world, path, query) == "gcp"


def test_a_service_without_any_has_no_series_and_an_unknown_one_neither(clouds: Clouds) -> None:
    sites.gcp_site(clouds)
    path, query = asked(clouds)
    assert monitoring_api.answer(clouds.world, "GET", path, query) == {}
    other = {**query, "filter": query["filter"].replace("service_name=", 'service_name="x" OR a=')}
    assert monitoring_api.owner(clouds.world, path, other) == ""


def test_what_is_not_simulated_is_refused(clouds: Clouds) -> None:
    sites.gcp_site(clouds)
    path, query = asked(clouds)
    for method, given, said in (
        ("POST", query, "UNIMPLEMENTED"),
        ("GET", {"filter": query["filter"]}, "INVALID_ARGUMENT"),
        ("GET", asked(clouds, "run.googleapis.com/request_count")[1], "NOT_FOUND"),
    ):
        with pytest.raises(CloudRefused, match=said):
            monitoring_api.answer(clouds.world, method, path, given)
