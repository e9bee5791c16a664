"""Every cloud is asked once a minute at most; one that refuses is told, and the others are read all the same."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

from infra.models import ROOT
from outlast.cloud_metrics.figures import Reading
from outlast.page.cloud_watching import CloudWatching, Watched, find_watched
from sandbox.stack_files import COMMITTED
from tests.outlast.cloud_metrics.places import AZURE, GCP, MINUTE, Web

BOTH = Watched((AZURE, GCP), frozenset({"azure", "gcp"}))


def _answer(request: httpx.Request) -> dict[str, Any] | httpx.Response:
    return httpx.Response(403, text="no role") if "Insights" in request.url.path else {}


def _settle(watching: CloudWatching, sites: set[str]) -> dict[str, Reading]:
    """What is read once every thread that began has ended."""
    watching.readings()  # which begins a round where one is due
    for thread in threading.enumerate():
        if thread.name == "page-refresh":
            thread.join()
    found = watching.readings()
    assert set(found) == sites
    return found


def test_every_cloud_is_asked_once_for_every_viewer_of_a_minute() -> None:
    web = Web(_answer)
    watching = CloudWatching(BOTH, web.clouds(), now=lambda: MINUTE)
    _settle(watching, {"azure", "gcp"})
    asked = len(web.asked)
    # Azure: its metrics, which it refuses, and its alerts; Google: four series and the alerts.
    assert asked == 2 + 5
    for _ in range(50):
        watching.readings()
    assert len(web.asked) == asked


def test_after_a_minute_it_is_asked_again() -> None:
    web = Web(_answer)
    watching = CloudWatching(BOTH, web.clouds(), every_seconds=0.0, now=lambda: MINUTE)
    _settle(watching, {"azure", "gcp"})
    asked = len(web.asked)
    _settle(watching, {"azure", "gcp"})
    assert len(web.asked) > asked


def test_a_cloud_that_refuses_is_told_and_the_others_are_read() -> None:
    found = _settle(CloudWatching(BOTH, Web(_answer).clouds(), now=lambda: MINUTE), {"azure", "gcp"})
    assert found["azure"].figures is None and "refused to read the metrics" in found["azure"].why_not
    assert "\n" not in found["azure"].why_not and found["azure"].why_no_alarms == ""
    assert found["gcp"].figures is not None and found["gcp"].why_not == ""


def test_without_an_address_no_alarm_is_asked_for() -> None:
    web = Web(_answer)
    found = _settle(CloudWatching(Watched((GCP,)), web.clouds(), now=lambda: MINUTE), {"gcp"})
    assert found["gcp"].why_no_alarms == "no alarm is made: outlast:alertEmail is not set"
    assert not any(request.url.path.endswith("/alerts") for request in web.asked)


def test_missing_credentials_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    watching = CloudWatching(Watched((), traffic="traffic"), Web(_answer).clouds())
    found = _settle(watching, {"traffic"})
    assert "Unable to locate credentials" in found["traffic"].why_no_alarms


def test_a_machine_of_ones_own_is_no_clouds() -> None:
    watching = CloudWatching(Watched(elsewhere={"rack": "nobody measures it"}), Web(_answer).clouds())
    assert watching.readings() == {"rack": Reading(why_not="nobody measures it")}


def test_what_is_asked_is_what_the_committed_stack_files_say() -> None:
    found = find_watched(ROOT, COMMITTED)
    assert {place.site: place.name for place in found.places} == {
        "aws": "outlast-aws",
        "azure": "outlast-azure",
        "gcp": "outlast-gcp",
    }
    assert (found.alarmed, found.traffic) == ({"aws", "azure", "gcp"}, "traffic")
    assert found.asked == {"aws": "aws", "azure": "azure", "gcp": "gcp", "traffic": "aws"}
