"""Vertex AI's answers to the submitter: a job from its start to its artifacts, spot, limits, a stop."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

import pytest

from jobs.service import State
from jobs.vertex import build_request
from sandbox.clouds.store import CloudRefused
from sandbox.training.order import Phase, Record
from tests.sandbox.clouds.gcp.vertex import BUCKET, PROJECT, REGION, STACK, Vertex

pytestmark = pytest.mark.slow  # each test waits for processes
PARENT = f"/v1/projects/{PROJECT}/locations/{REGION}/customJobs"


def test_a_job_runs_from_its_start_to_its_artifacts(vertex: Vertex) -> None:
    spec = vertex.spec()
    job = vertex.end(vertex.service.start(spec))
    assert vertex.service.start(spec) == job and vertex.service.list() == [job]
    seen = vertex.service.look(job)
    assert seen.state is State.SUCCEEDED, seen
    assert seen.artifacts == f"gs://{BUCKET}/output/{job.name}/model/"
    assert vertex.bench.objects.names(f"{BUCKET}/output") == [
        f"{BUCKET}/output/{job.name}/model/{name}" for name in ("model.onnx", "training.json")
    ]
    assert seen.started <= seen.ended and seen.reason == ""
    lines = vertex.service.lines(job)
    assert [line.text.split()[0] for line in lines] == ["data", "data", "found", "made"]
    assert lines[0].text.endswith("table.csv") and lines[1].text.endswith("more.csv c")
    assert vertex.service.lines(job, lines[2].cursor) == lines[3:]


def test_equal_display_names_are_two_jobs(vertex: Vertex) -> None:
    body = build_request(vertex.spec("wait"), vertex.place())
    first, second = (vertex.api.answer("POST", PARENT, {}, body) for _ in range(2))
    assert first["displayName"] == second["displayName"] and first["name"] != second["name"]
    listed = vertex.api.answer("GET", PARENT, {"filter": f'labels.outlast-job="{first["displayName"]}"'}, {})
    assert [job["name"] for job in listed["customJobs"]] == [second["name"], first["name"]]
    page = vertex.api.answer("GET", PARENT, {"pageSize": "1", "filter": "labels.outlast-job:*"}, {})
    assert len(page["customJobs"]) == 1 and page["nextPageToken"] == "1"
    assert vertex.api.answer("GET", PARENT, {"filter": "labels.outlast-job=another"}, {}) == {}
    # One machine a site: the second waits, and the submitter keeps the first of the two.
    assert second["state"] == "JOB_STATE_QUEUED"
    kept = vertex.service.start(vertex.spec("wait"))
    assert kept.id == first["name"]
    vertex.api.answer("POST", f"/v1/{second['name']}:cancel", {}, {})
    vertex.service.stop(kept)
    vertex.end(kept)


def test_two_that_are_sent_at_once_get_numbers_of_their_own(vertex: Vertex, monkeypatch: pytest.MonkeyPatch) -> None:
    body, meeting = build_request(vertex.spec("wait"), vertex.place()), Barrier(2)
    jobs_of = vertex.bench.runs.of_cloud

    def meet(cloud: str) -> list[Record]:
        found = jobs_of(cloud)
        with suppress(BrokenBarrierError):
            meeting.wait(0.2)
        return found

    monkeypatch.setattr(vertex.bench.runs, "of_cloud", meet)
    with ThreadPoolExecutor(2) as both:
        names = {job["name"] for job in both.map(lambda _: vertex.api.answer("POST", PARENT, {}, body), range(2))}
    assert len(names) == 2
    for name in names:
        vertex.api.answer("POST", f"/v1/{name}:cancel", {}, {})


def test_a_stop_and_a_limit_of_time_end_it(vertex: Vertex) -> None:
    job = vertex.service.start(vertex.spec("wait"))
    record = vertex.bench.runs.find(job.id)
    assert record is not None
    vertex.bench.wait(record, until=lambda one: one.phase is Phase.RUNNING)
    vertex.service.stop(job)
    vertex.end(job)
    assert vertex.service.look(job).state is State.STOPPED
    vertex.service.stop(job)  # over already
    # The limits of real jobs are longer than a test: as the service is asked, past our own check.
    body = build_request(vertex.spec("wait"), vertex.place(), 2)
    body["jobSpec"]["scheduling"]["timeout"] = "0.2s"
    vertex.api.answer("POST", PARENT, {}, body)
    late = vertex.service.find(body["displayName"])
    assert late is not None
    seen = vertex.service.look(vertex.end(late))
    assert seen.state is State.STOPPED and "longer --time-limit" in seen.hint


def test_spot_goes_on_from_its_checkpoints(vertex: Vertex) -> None:
    spec = vertex.spec("once", spot=True)
    job = vertex.service.start(spec)
    record = vertex.bench.runs.find(job.id)
    assert record is not None and record.order.restarts == 6
    vertex.bench.wait(record, until=lambda _: bool(vertex.bench.objects.names(f"{BUCKET}/checkpoints")))
    vertex.bench.no_spot = True
    assert vertex.bench.runs.take_back(STACK) == 1
    vertex.bench.wait(record, until=lambda one: one.interrupted)
    assert vertex.service.look(job).state is State.INTERRUPTED
    vertex.bench.no_spot = False
    vertex.end(job)
    assert vertex.service.look(job).state is State.SUCCEEDED
    found = [line.text for line in vertex.service.lines(job) if line.text.startswith("found")]
    assert found == ["found ", "found fit-0"]


def test_a_container_that_fails_is_told_by_its_status(vertex: Vertex) -> None:
    job = vertex.end(vertex.service.start(vertex.spec("fail")))
    seen = vertex.service.look(job)
    assert seen.state is State.FAILED and "non-zero status of 1" in seen.reason
    assert vertex.service.lines(job)[-1].text == "error: the table has no rows"


def test_what_is_not_simulated_is_refused(vertex: Vertex) -> None:
    with pytest.raises(CloudRefused, match="UNIMPLEMENTED"):
        vertex.api.answer("DELETE", PARENT, {}, {})
    with pytest.raises(CloudRefused, match="UNIMPLEMENTED"):
        vertex.api.answer("GET", PARENT.replace("customJobs", "models"), {}, {})
    with pytest.raises(CloudRefused, match="NOT_FOUND"):
        vertex.api.answer("GET", f"{PARENT}/1", {}, {})
    with pytest.raises(CloudRefused, match="INVALID_ARGUMENT: Invalid filter"):
        vertex.service.start(vertex.spec())
        vertex.api.answer("GET", PARENT, {"filter": "state=JOB_STATE_FAILED"}, {})
