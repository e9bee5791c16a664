"""What the page of real accounts reads, by its own readers, from the simulated clouds, as from real ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from failover.levers.clouds import Clouds
from failover.logs.clouds import LogPlace
from failover.simulator.store import in_process_client
from outlast.cloud_metrics import aws, azure, gcp
from outlast.cloud_metrics.figures import Figures
from sandbox.clouds.aws.common import own_name
from sandbox.daemon.monitoring import Monitoring
from service.errors import Unavailable
from tests.sandbox.clouds import monitors, sites
from tests.sandbox.clouds.conftest import clouds as clouds
from tests.sandbox.clouds.harness import Clouds as Simulated

MINUTE = datetime.fromtimestamp(monitors.BEGIN, UTC)
SEAM = {f"OUTLAST_{vendor}_ENDPOINT": "http://127.0.0.1:1" for vendor in ("AZURE", "GOOGLE")}
TOKENS = {f"OUTLAST_{vendor}_TOKEN": "t" for vendor in ("AZURE", "GOOGLE")}


class InProcess(Clouds):
    """Every call of boto3 goes straight to the simulated clouds."""

    monitoring: Monitoring

    def aws(self, service: str, region: str) -> Any:
        answers: Any = {"cloudwatch": self.monitoring.cloudwatch, "elbv2": self.monitoring.balancers}[service]
        return in_process_client(answers, service, region)


def _seam(monitoring: Monitoring) -> Clouds:
    def answer(request: httpx.Request) -> httpx.Response:
        found = monitoring.answer(request.method, request.url.path, dict(request.url.params))
        assert found is not None, request.url
        return httpx.Response(found[0], json=found[1])

    seam = InProcess({**SEAM, **TOKENS}, httpx.MockTransport(answer))
    object.__setattr__(seam, "monitoring", monitoring)
    return seam


def _monitoring(clouds: Simulated, watched: monitors.Watched, dark: str = "") -> Monitoring:
    return Monitoring(clouds.world, watched.monitor, lambda stack: f"{stack} is dark" if stack == dark != "" else None)


def _place(clouds: Simulated, cloud: str) -> LogPlace:
    """Where the readers look; the harness gives its resources names of its own."""
    if cloud == "aws":
        return LogPlace("aws", "aws", own_name(clouds.only("aws:lb/loadBalancer:LoadBalancer")), "us-east-1")
    if cloud == "azure":
        _, _, subscription, _, group, *_ = clouds.only("azure-native:app:ContainerApp").id.split("/")
        return LogPlace("azure", "azure", group, "eastus", subscription)
    urls = clouds.only("gcp:compute/uRLMap:URLMap", "one").id
    return LogPlace("gcp", "gcp", urls.rpartition("/")[2], "us-central1", urls.split("/")[1])


def _read(place: LogPlace, seam: Clouds) -> Figures:
    return {"aws": aws, "azure": azure, "gcp": gcp}[place.cloud].read_figures(place, MINUTE, seam)


MAKE = {"aws": sites.aws_alarm, "azure": sites.azure_alarm, "gcp": sites.gcp_alarm}
ALARM = {"aws": sites.METRIC_ALARM, "azure": sites.METRIC_ALERT, "gcp": sites.POLICY}


@pytest.mark.parametrize("cloud", MAKE)
def test_the_readers_find_the_minute_and_the_alarm(clouds: Simulated, cloud: str) -> None:
    MAKE[cloud](clouds)
    watched = monitors.Watched()
    watched.answers(cloud, 45, 15)
    seam, place = _seam(_monitoring(clouds, watched)), _place(clouds, cloud)
    found = _read(place, seam)
    assert (found.per_second, found.failed_per_second, found.latency_ms) == pytest.approx((1.0, 0.25, 250.0))
    read = {"aws": aws.read_alarms, "azure": azure.read_alarms, "gcp": gcp.read_alarms}[cloud]
    named = replace(place, name="site")
    assert read(named, seam) == ()
    watched.on[clouds.only(ALARM[cloud]).key] = monitors.NOW - 60.0
    (alarm,) = read(named, seam)
    assert alarm.name == "site-errors"
    assert alarm.since is not None and alarm.since.timestamp() == monitors.NOW - 60.0


@pytest.mark.parametrize("cloud", MAKE)
def test_a_dark_cloud_does_not_answer(clouds: Simulated, cloud: str) -> None:
    MAKE[cloud](clouds)
    seam = _seam(_monitoring(clouds, monitors.Watched(), dark=cloud))
    with pytest.raises(Unavailable):
        _read(_place(clouds, cloud), seam)


def test_what_is_not_asked_of_monitoring_is_left_to_others(clouds: Simulated) -> None:
    monitoring = _monitoring(clouds, monitors.Watched())
    assert monitoring.answer("GET", "/status", {}) is None
    assert monitoring.cloudwatch({"HTTP_X_AMZ_TARGET": "GraniteServiceVersion20100801.PutMetricData"}) is None
