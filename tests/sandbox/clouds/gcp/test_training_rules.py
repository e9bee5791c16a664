"""What Vertex AI refuses, at the call or as the reason for which a job fails, in words that its submitter knows."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.reasons import explain
from jobs.service import State
from jobs.vertex import build_request
from sandbox.clouds.gcp.training_rules import MACHINES
from sandbox.clouds.store import CloudRefused
from service.errors import Refused, Unavailable
from tests.sandbox.clouds.gcp.vertex import BUCKET, PROJECT, REGION, Vertex

PARENT = f"/v1/projects/{PROJECT}/locations/{REGION}/customJobs"


def test_every_machine_of_the_table_is_taken() -> None:
    from jobs.machines import MACHINES as OURS

    assert {machine.name for machine in OURS["gcp"]} <= MACHINES


def change(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The request with another value at a path, its first worker standing for all."""
    at: Any = body
    *parts, last = path.split(".")
    for part in parts:
        at = at[part][0] if part == "workerPoolSpecs" else at[part]
    at[last] = value
    return body


WRONG = {
    "unknown field": ("jobSpec.retries", 3, "Unknown name \"retries\" at 'custom_job.job_spec'"),
    "no name": ("displayName", "", "display name is required"),
    "no image": ("jobSpec.workerPoolSpecs.containerSpec.imageUri", "", "image_uri is required"),
    "label": ("labels", {"Team": "x"}, "Label Team=x is invalid"),
    "machine": ("jobSpec.workerPoolSpecs.machineSpec.machineType", "e2-x", 'Machine type "e2-x" is not supported'),
    "disk": ("jobSpec.workerPoolSpecs.diskSpec.bootDiskSizeGb", 10, "at least 100"),
    "strategy": ("jobSpec.scheduling.strategy", "CHEAP", "Invalid value at 'custom_job.job_spec.scheduling.strategy'"),
    "account": ("jobSpec.serviceAccount", "nobody@x", "permission to act as service_account: nobody@x"),
}


@pytest.mark.parametrize(("path", "value", "said"), WRONG.values(), ids=WRONG)
def test_refuses_at_the_call(vertex: Vertex, path: str, value: Any, said: str) -> None:
    body = change(build_request(vertex.spec(), vertex.place()), path, value)
    with pytest.raises(CloudRefused) as raised:
        vertex.api.answer("POST", PARENT, {}, body)
    assert said in raised.value.what and raised.value.what.startswith("INVALID_ARGUMENT")
    assert vertex.service.list() == []


def test_an_account_that_is_not_there_is_told_with_what_to_do(vertex: Vertex) -> None:
    with pytest.raises(Refused, match="may not run a job as this identity"):
        vertex.service.start(vertex.spec(identity="nobody@x.iam.gserviceaccount.com"))


def test_nothing_is_answered_while_the_api_is_off(vertex: Vertex) -> None:
    vertex.forget(vertex.service_api)
    with pytest.raises(Unavailable, match="Vertex AI API has not been used"):
        vertex.service.list()


@pytest.mark.slow
@pytest.mark.parametrize("where", ["us-central1-docker.pkg.dev/another/training/job", "here"])
def test_an_image_that_cannot_be_pulled_fails_the_job(vertex: Vertex, where: str) -> None:
    digest = vertex.image.partition("@")[2]
    if where == "here":
        image = f"{vertex.image.partition('@')[0]}@sha256:{'0' * 64}"
    else:
        image = f"{where}@{digest}"
        registry, _, name = where.rpartition("/training/")
        vertex.clouds.world.images.push(registry, f"training/{name}", vertex.bench.image, [])
    seen = vertex.service.look(vertex.end(vertex.service.start(vertex.spec(image=image))))
    assert seen.state is State.FAILED and "pushes it again" in seen.hint


@pytest.mark.slow
def test_data_that_may_not_be_read_fail_the_job(vertex: Vertex) -> None:
    vertex.forget(vertex.reads)
    job = vertex.end(vertex.service.start(vertex.spec()))
    assert vertex.service.look(job).state is State.FAILED
    said = [line.text for line in vertex.service.lines(job) if "gcsfuse" in line.text]
    reason = explain(said[0])
    assert reason and reason.name == "data not readable"


@pytest.mark.slow
def test_output_that_may_not_be_written_fails_nothing_by_itself_and_leaves_nothing(vertex: Vertex) -> None:
    """Without a mount namespace nobody is kept from writing: what was written is not carried to the bucket."""
    vertex.forget(vertex.writes)
    job = vertex.end(vertex.service.start(vertex.spec()))
    assert vertex.bench.objects.names(f"{BUCKET}/output") == vertex.bench.objects.names(f"{BUCKET}/checkpoints") == []
    assert job.id
