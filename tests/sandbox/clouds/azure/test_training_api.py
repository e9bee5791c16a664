"""Azure ML's answers: environments, jobs, a run's details, and the address of its log."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from sandbox.clouds.azure.training_api import LOG_FILE, read_status
from sandbox.clouds.store import CloudRefused
from sandbox.images import store as images
from sandbox.training.lines import Line
from sandbox.training.order import Outcome, Phase
from tests.sandbox.clouds.azure.test_training_rules import Service
from tests.sandbox.clouds.harness import Clouds

BASE = "http://127.0.0.1:1"


@pytest.fixture
def service(clouds: Clouds, tmp_path: Path, tiny_image: images.Image) -> Service:
    return Service(clouds, tmp_path, tiny_image)


def test_a_version_of_an_environment_is_never_changed(service: Service) -> None:
    path = service.environment
    assert service.api.answer("GET", path, {})["properties"]["image"] == service.made.image
    service.put("environments/outlast/versions/1", {"image": service.made.image})
    with pytest.raises(CloudRefused, match="already exists"):
        service.put("environments/outlast/versions/1", {"image": "another"})
    with pytest.raises(CloudRefused, match="ResourceNotFound"):
        service.api.answer("GET", path.replace("versions/1", "versions/2"), {})


def test_a_job_is_found_listed_and_cancelled_once(service: Service) -> None:
    service.record()
    path = f"{service.path}/jobs"
    assert service.api.answer("GET", f"{path}/one", {})["properties"]["status"] == "Queued"
    assert [row["name"] for row in service.api.answer("GET", path, {})["value"]] == ["one"]
    assert service.api.owner(path) == "training-azure"
    assert service.api.answer("POST", f"{path}/one/cancel", {}) == {}
    assert service.api.answer("GET", f"{path}/one", {})["properties"]["status"] == "Canceled"
    with pytest.raises(CloudRefused, match="terminal state"):
        service.api.answer("POST", f"{path}/one/cancel", {})
    with pytest.raises(CloudRefused, match="ResourceNotFound"):
        service.api.answer("GET", f"{path}/two", {})
    with pytest.raises(CloudRefused, match="ResourceNotFound"):
        service.api.answer("GET", path.replace("train", "other"), {})


def test_a_runs_details_say_when_and_why_and_where_its_log_is(service: Service) -> None:
    record = service.record()
    history = f"/eastus.api.azureml.ms/history/v1.0{service.path}/runs/one/details"
    assert service.api.details(history, BASE) == {"runId": "one", "status": "Queued", "logFiles": {}}
    record.phase, record.outcome, record.exit_code = Phase.ENDED, Outcome.FAILED, -9
    record.started, record.ended = 60.0, 120.0
    service.runs._book.lines(record.order).add([Line(1, 61.0, "fits 1 of 4"), Line(1, 62.0, "killed")])
    told = service.api.details(history, BASE)
    assert (told["status"], told["startTimeUtc"], told["endTimeUtc"]) == (
        "Failed",
        "1970-01-01T00:01:00Z",
        "1970-01-01T00:02:00Z",
    )
    assert "exited with status code 137" in told["error"]["error"]["message"]
    address = urlsplit(told["logFiles"][LOG_FILE])
    query = dict(parse_qsl(address.query))
    assert service.api.read_log(address.path, query) == b"fits 1 of 4\nkilled\n"
    assert service.api.read_log(address.path, {**query, "sig": "0"}) is None
    assert service.api.read_log(address.path.replace("dcid.", "dcid.x"), query) is None


@pytest.mark.parametrize(
    ("phase", "outcome", "stop", "status"),
    [
        (Phase.PREPARING, Outcome.NONE, False, "Preparing"),
        (Phase.RUNNING, Outcome.NONE, False, "Running"),
        (Phase.RUNNING, Outcome.NONE, True, "CancelRequested"),
        (Phase.ENDED, Outcome.SUCCEEDED, False, "Completed"),
        (Phase.ENDED, Outcome.TIMED_OUT, False, "Canceled"),
        (Phase.ENDED, Outcome.LOST, False, "Failed"),
    ],
)
def test_a_status_in_the_services_words(
    service: Service, phase: Phase, outcome: Outcome, stop: bool, status: str
) -> None:
    record = service.record()
    record.phase, record.outcome, record.stop_asked = phase, outcome, stop
    assert read_status(record) == status
