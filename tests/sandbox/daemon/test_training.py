"""What submits jobs for real, on the simulated services: from a spec to artifacts, through boto3 and HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from failover.simulator.store import in_process_client
from jobs.azure_ml_service import AzureMlService
from jobs.place import AwsPlace, AzurePlace
from jobs.sagemaker_service import SageMakerService
from jobs.service import Job, JobState, State, TrainingService
from jobs.spec import TrainingSpec
from jobs.vertex_service import LOGGING, VertexService, vertex_endpoint
from sandbox.daemon.calls import Calls
from sandbox.daemon.training import Training
from sandbox.images import store as images
from sandbox.training import run
from tests.sandbox.clouds.aws.sagemaker import Service
from tests.sandbox.clouds.azure.azure_ml import Workspace
from tests.sandbox.clouds.gcp.vertex import REGION, Project
from tests.sandbox.clouds.harness import Clouds
from tests.sandbox.training.tiny_job import build_job_image

pytestmark = pytest.mark.slow  # each test waits for processes
SILENT: dict[str, str] = {}
SECONDS = 20.0


@pytest.fixture(scope="module")
def job_image(tmp_path_factory: pytest.TempPathFactory) -> images.Image:
    return build_job_image(tmp_path_factory.mktemp("job"))


@pytest.fixture
def training(
    clouds: Clouds, tmp_path: Path, job_image: images.Image, empty_environment: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Training]:
    monkeypatch.setattr(run, "POLL_WALL_SECONDS", 0.01)
    clouds.world.image_store = job_image.folder.parent
    made = Training(clouds.world, tmp_path / "training", SILENT.get, lambda stack: False)
    made.start()
    yield made
    made.stop()


def _aws(clouds: Clouds, training: Training, image: images.Image, monkeypatch: pytest.MonkeyPatch) -> Made:
    service = Service(clouds, training.runs, clouds.world.objects, image)
    place = AwsPlace("us-east-1", service.image, "s3://store/data", "s3://store/output", "s3://store/ck", service.role)
    sagemaker = in_process_client(training.sagemaker, "sagemaker")
    logs = in_process_client(training.logs, "logs")
    spec = _spec(service.image, "s3://store", place.identity)
    return SageMakerService(sagemaker, logs, place), spec


def _gcp(clouds: Clouds, training: Training, image: images.Image, monkeypatch: pytest.MonkeyPatch) -> Made:
    project = Project(clouds, image)

    def answer(request: httpx.Request) -> httpx.Response:
        told = training.answer(request.method, request.url.path, dict(request.url.params), request.content)
        assert told is not None
        return httpx.Response(told[0], json=told[1])

    hosts = (vertex_endpoint(REGION), LOGGING)
    vertex, logging = (_over_http(host.removeprefix("https://"), answer) for host in hosts)
    spec = project.spec(data=("gs://store/data/set/",), environment={"WHO": "me"})
    return VertexService(vertex, logging, project.place()), spec


def _over_http(host: str, answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    return httpx.Client(base_url=f"http://sandbox/{host}", transport=httpx.MockTransport(answer))


def _azure(clouds: Clouds, training: Training, image: images.Image, monkeypatch: pytest.MonkeyPatch) -> Made:
    workspace = Workspace(clouds, clouds.world.objects, image)
    identity, root = workspace.identity, "az://trainstore"
    data, output, checkpoints = f"{root}/data/inputs", f"{root}/output/jobs", f"{root}/checkpoints/jobs"
    place = AzurePlace(
        "eastus",
        workspace.image,
        data,
        output,
        checkpoints,
        identity.id,
        workspace_id=workspace.workspace.id,
        identity_client_id=str(identity.outputs["clientId"]),
    )
    spec = replace(
        _spec(workspace.image, root, identity.id), data=(f"{data}/",), output=output, checkpoints=checkpoints
    )
    arm, history, files = (_client(training, below) for below in ("", "/eastus.api.azureml.ms", ""))
    return AzureMlService(arm, history, files, place), spec


def _client(training: Training, below: str) -> httpx.Client:
    """HTTP to the control interface, answered in this process; whoever is asked for nothing else has no answer."""
    nobody = SimpleNamespace(answer=lambda *asked: None)
    controls: Any = SimpleNamespace(token="t", training=training, stores=nobody, vendors=nobody)
    transport = httpx.WSGITransport(app=Calls(controls))
    return httpx.Client(transport=transport, base_url=f"http://control{below}", headers={"authorization": "Bearer t"})


Made = tuple[TrainingService, TrainingSpec]
CLOUDS: dict[str, Callable[[Clouds, Training, images.Image, pytest.MonkeyPatch], Made]] = {
    "aws": _aws,
    "azure": _azure,
    "gcp": _gcp,
}


def _spec(image: str, root: str, identity: str) -> TrainingSpec:
    data, output, checkpoints = f"{root}/data/", f"{root}/output", f"{root}/ck"
    return TrainingSpec(image, (data,), output, checkpoints, (), 2, 8, 600, identity, environment={"WHO": "me"})


def _wait(service: TrainingService, job: Job, *states: State) -> JobState:
    end = time.monotonic() + SECONDS
    while (found := service.look(job)).state not in states:
        assert time.monotonic() < end, found
        time.sleep(0.01)
    return found


@pytest.fixture(params=CLOUDS)
def made(
    request: pytest.FixtureRequest,
    clouds: Clouds,
    training: Training,
    job_image: images.Image,
    monkeypatch: pytest.MonkeyPatch,
) -> Made:
    """What submits jobs to a cloud, and a spec that it can run."""
    return CLOUDS[request.param](clouds, training, job_image, monkeypatch)


def test_a_job_is_started_once_followed_and_leaves_its_artifacts(made: Made, clouds: Clouds) -> None:
    service, spec = made
    job = service.start(spec)
    assert service.start(spec) == service.find(job.name) == job
    state = _wait(service, job, State.SUCCEEDED, State.FAILED)
    assert state.state is State.SUCCEEDED, (state, service.lines(job))
    assert state.started <= state.ended
    folder = state.artifacts.partition("://")[2]
    assert clouds.world.objects.read(f"{folder}training.json") == b"me"
    lines = service.lines(job)
    assert [line.text.split()[0] for line in lines] == ["data", "found", "made"]
    assert service.lines(job, lines[1].cursor) == lines[2:]
    assert service.list() == [job]
    service.stop(job)


def test_a_job_is_stopped_and_one_that_fails_says_why(made: Made) -> None:
    service, spec = made
    waiting = service.start(replace(spec, environment={"DOES": "wait"}))
    _wait(service, waiting, State.RUNNING)
    service.stop(waiting)
    assert _wait(service, waiting, State.STOPPED, State.SUCCEEDED, State.FAILED).state is State.STOPPED
    failing = service.start(replace(spec, environment={"DOES": "fail"}))
    state = _wait(service, failing, State.FAILED, State.SUCCEEDED)
    assert state.state is State.FAILED and "1" in state.reason
    assert service.lines(failing)[-1].text == "error: the table has no rows"


def test_data_that_is_not_there_fails_the_job(made: Made) -> None:
    service, spec = made
    job = service.start(replace(spec, data=(spec.data[0].replace("/data/", "/none/"),)))
    state = _wait(service, job, State.FAILED, State.SUCCEEDED)
    assert state.state is State.FAILED
    assert state.hint


def test_a_spot_machine_that_is_taken_away_is_told_and_costs_the_fit_in_flight(made: Made, training: Training) -> None:
    service, spec = made
    job = service.start(replace(spec, spot=True, environment={"DOES": "once"}))
    _wait(service, job, State.RUNNING)
    end = time.monotonic() + SECONDS
    while not any(line.text == "made a fit" for line in service.lines(job)):
        assert time.monotonic() < end
    (stack,) = training.runs.stacks()
    training.no_spot = lambda stack: True
    assert training.runs.take_back(stack) == 1
    _wait(service, job, State.INTERRUPTED)
    training.no_spot = lambda stack: False
    assert _wait(service, job, State.SUCCEEDED, State.FAILED).state is State.SUCCEEDED
    assert any(line.text.startswith("found fit-0") for line in service.lines(job))
