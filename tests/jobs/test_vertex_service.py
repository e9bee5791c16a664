"""Vertex AI's port: a label looked up before and after a start, and the older of two kept."""

from __future__ import annotations

import pytest

from jobs import vertex_service
from jobs.asking import NoAnswer
from jobs.service import Job, State
from jobs.spec import digest, job_name
from jobs.vertex_service import LOGGING, VertexService, vertex_endpoint
from service.errors import InvalidInput, Refused, Unavailable
from tests.jobs.fakes import FakeVertex, Refusal, refuse_start
from tests.jobs.specs import GOOGLE, spec_for

SPEC = spec_for("gcp")
NAME = job_name(SPEC, 1)
PARENT = "projects/project/locations/us-central1/customJobs"


@pytest.fixture
def fake() -> FakeVertex:
    return FakeVertex()


@pytest.fixture
def service(fake: FakeVertex) -> VertexService:
    return VertexService(fake.client(vertex_endpoint("us-central1")), fake.client(LOGGING), GOOGLE)


def test_looks_the_label_up_and_starts_a_job(fake: FakeVertex, service: VertexService) -> None:
    job = service.start(SPEC)
    assert job == Job(NAME, f"{PARENT}/100", digest(SPEC)[:16], 1)
    assert fake.sent == ["GET customJobs", "POST customJobs", "GET customJobs"]


def test_a_second_start_finds_the_first(fake: FakeVertex, service: VertexService) -> None:
    assert service.start(SPEC) == service.start(SPEC)
    assert len(fake.jobs) == 1
    service.start(SPEC, 2)
    assert len(fake.jobs) == 2


def test_a_lost_answer_starts_one_job(fake: FakeVertex, service: VertexService) -> None:
    fake.lost = 1
    assert service.start(SPEC).name == NAME
    assert len(fake.jobs) == 1


def test_a_lost_answer_that_the_lookup_does_not_see_yet_starts_one_job_at_the_second_try(
    fake: FakeVertex, service: VertexService
) -> None:
    fake.lost, fake.hidden = 1, 2
    with pytest.raises(NoAnswer, match="nothing is started twice"):
        service.start(SPEC)
    assert service.start(SPEC).id == f"{PARENT}/100"
    assert len(fake.jobs) == 1


def test_of_two_started_at_once_the_older_stays(fake: FakeVertex, service: VertexService) -> None:
    first = service.start(SPEC)
    fake.hidden = 1  # the second one looked before the first was there
    assert service.start(SPEC) == first
    assert len(fake.jobs) == 2 and [job["name"] for job in fake.running()] == [first.id]


def test_a_start_that_its_own_lookup_does_not_see_stays(fake: FakeVertex, service: VertexService) -> None:
    fake.hidden = 2
    assert service.start(SPEC).id == f"{PARENT}/100"
    assert len(fake.running()) == 1


def test_where_nothing_was_started_no_answer_is_said_to_be_none(fake: FakeVertex, service: VertexService) -> None:
    fake.refuse = (503, "UNAVAILABLE", "try later")
    with pytest.raises(NoAnswer, match="nothing is started twice"):
        service.start(SPEC)


def test_a_job_of_another_spec_is_not_taken(fake: FakeVertex, service: VertexService) -> None:
    fake.jobs[service.start(SPEC).id]["labels"]["outlast-spec"] = "another"
    with pytest.raises(Refused, match="it is not of this spec"):
        service.start(SPEC)


def test_a_spec_of_another_cloud_is_refused_before_anything_is_asked(fake: FakeVertex, service: VertexService) -> None:
    with pytest.raises(InvalidInput, match="is an address of another cloud"):
        service.start(spec_for("aws"))
    assert fake.sent == []


STATES = [
    ({"state": "JOB_STATE_QUEUED"}, State.PENDING),
    ({"state": "JOB_STATE_PENDING", "startTime": "2026-11-29T10:00:00Z"}, State.INTERRUPTED),
    ({"state": "JOB_STATE_RUNNING", "startTime": "2026-11-29T10:00:00Z"}, State.RUNNING),
    ({"state": "JOB_STATE_CANCELLING"}, State.STOPPING),
    ({"state": "JOB_STATE_CANCELLED"}, State.STOPPED),
    ({"state": "JOB_STATE_EXPIRED"}, State.FAILED),
    ({"state": "JOB_STATE_FAILED"}, State.FAILED),
    ({"state": "JOB_STATE_A_NEW_ONE"}, State.PENDING),
]


@pytest.mark.parametrize(("document", "state"), STATES)
def test_reads_the_state(fake: FakeVertex, service: VertexService, document: dict[str, str], state: State) -> None:
    job = service.start(SPEC)
    fake.jobs[job.id].update(document)
    seen = service.look(job)
    assert seen.state is state and seen.artifacts == ""


def test_a_finished_job_says_where_and_when(fake: FakeVertex, service: VertexService) -> None:
    job = service.start(SPEC)
    times = {"startTime": "2026-11-29T10:00:00Z", "endTime": "2026-11-29T10:01:30Z"}
    fake.jobs[job.id].update(state="JOB_STATE_SUCCEEDED", **times)
    seen = service.look(job)
    assert seen.artifacts == f"gs://bucket/output/{NAME}/model/"
    assert (seen.started, seen.ended, seen.billable_seconds) == (times["startTime"], times["endTime"], None)


def test_a_failed_job_says_why(fake: FakeVertex, service: VertexService) -> None:
    job = service.start(SPEC)
    message = "The replica workerpool0-0 exited with a non-zero status of 137."
    fake.jobs[job.id].update(state="JOB_STATE_FAILED", error={"code": 3, "message": message})
    seen = service.look(job)
    assert seen.reason == message and "more memory" in seen.hint


def test_a_job_that_is_not_there(service: VertexService) -> None:
    assert service.find(NAME) is None
    with pytest.raises(Unavailable, match="there is no custom job"):
        service.look(Job(NAME, f"{PARENT}/1", "", 1))


def test_stops_a_job_and_leaves_one_that_is_over(fake: FakeVertex, service: VertexService) -> None:
    job = service.start(SPEC)
    service.stop(job)
    assert service.look(job).state is State.STOPPING
    fake.jobs[job.id]["state"] = "JOB_STATE_SUCCEEDED"
    service.stop(job)
    fake.jobs[job.id]["state"] = "JOB_STATE_RUNNING"
    fake.refuse = (400, "FAILED_PRECONDITION", "not now")
    with pytest.raises(Refused, match="not now"):
        service.stop(job)


def test_lists_our_jobs_newest_first(service: VertexService) -> None:
    started = [service.start(SPEC, attempt) for attempt in (1, 2, 3)]
    assert service.list() == started[::-1]


def test_lines_go_on_after_the_last_one_seen(fake: FakeVertex, service: VertexService) -> None:
    job = service.start(SPEC)
    assert service.lines(job) == []
    at = "2026-11-29T10:00:0"
    fake.entries = [
        {"timestamp": f"{at}1Z", "insertId": "a", "textPayload": "first"},
        {"timestamp": f"{at}2Z", "insertId": "b", "jsonPayload": {"message": "second"}},
        {"timestamp": f"{at}2Z", "insertId": "c", "jsonPayload": {"level": "info"}},
    ]
    texts = ["first", "second", "{'level': 'info'}"]
    lines = service.lines(job)
    assert [line.text for line in lines] == texts
    for seen, line in enumerate(lines, 1):
        assert [more.text for more in service.lines(job, line.cursor)] == texts[seen:]
    fake.entries.append({"timestamp": f"{at}2Z", "insertId": "d", "textPayload": "same instant\n"})
    assert [line.text for line in service.lines(job, lines[-1].cursor)] == ["same instant"]


def test_an_entry_that_comes_late_is_given_once_and_moves_no_cursor_back(
    fake: FakeVertex, service: VertexService
) -> None:
    job, at = service.start(SPEC), "2026-11-29T10:0"
    fake.entries = [
        {"timestamp": f"{at}{minute}:00.5Z", "insertId": "b", "textPayload": f"minute {minute}"} for minute in (0, 5, 9)
    ]
    cursor = service.lines(job)[-1].cursor
    late = [("8:30Z", "a", "late"), ("9:00.5Z", "a", "same instant"), ("2:00Z", "a", "too late")]
    for instant, id_, text in late:
        fake.entries.append({"timestamp": f"{at}{instant}", "insertId": id_, "textPayload": text})
    fake.entries.append({"timestamp": f"{at}9:01Z", "insertId": "a", "textPayload": "new"})
    fake.entries.sort(key=lambda entry: str(entry["timestamp"]))
    lines = service.lines(job, cursor)
    assert [line.text for line in lines] == ["late", "same instant", "new"]
    assert [line.cursor for line in lines[:2]] == [cursor] * 2
    assert service.lines(job, lines[-1].cursor) == []
    another = VertexService(fake.client(vertex_endpoint(GOOGLE.region)), fake.client(LOGGING), GOOGLE)
    assert [line.text for line in another.lines(job, cursor)] == ["new"], "it was not there when they were read"


def test_a_long_log_is_given_in_parts(
    fake: FakeVertex, service: VertexService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where more than one part of it was written within the minutes that are read again."""
    monkeypatch.setattr(vertex_service, "PAGE", 2)
    monkeypatch.setattr(vertex_service, "MOST_PAGES", 2)
    job = service.start(SPEC)
    fake.entries = [
        {"timestamp": f"2026-11-29T10:00:{second}Z", "insertId": "a", "textPayload": str(second)}
        for second in range(10, 19)
    ]
    read: list[str] = []
    cursor = ""
    while lines := service.lines(job, cursor):
        assert len(lines) <= 4, "a page of the fake has two"
        read += [line.text for line in lines]
        cursor = lines[-1].cursor
    assert read == [str(second) for second in range(10, 19)]


def test_no_line_of_a_log_in_parts_is_taken_for_a_late_one(
    fake: FakeVertex, service: VertexService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the minutes that are read again held too much, they are read again once they hold less."""
    monkeypatch.setattr(vertex_service, "PAGE", 2)
    monkeypatch.setattr(vertex_service, "MOST_PAGES", 2)
    job, read, cursor = service.start(SPEC), list[str](), ""
    seconds = ["00:00", "00:01", "00:02", "00:03", "00:04", "00:05", "02:02", "02:04", "02:06", "02:08"]
    for second in seconds:
        fake.entries.append({"timestamp": f"2026-11-29T10:{second}Z", "insertId": "a", "textPayload": second})
        lines = service.lines(job, cursor)
        read += [line.text for line in lines]
        cursor = lines[-1].cursor if lines else cursor
    assert read == seconds


def test_times_with_more_digits_come_after_those_with_fewer(fake: FakeVertex, service: VertexService) -> None:
    job, at = service.start(SPEC), "2026-11-29T10:00:0"
    fake.entries = [
        {"timestamp": f"{at}1{more}", "insertId": "a", "textPayload": text}
        for text, more in (("first", "Z"), ("second", ".123Z"), ("third", ".123456Z"))
    ]
    assert [line.text for line in service.lines(job)] == ["first", "second", "third"]


REFUSALS: dict[str, Refusal] = {
    "quota": (429, "RESOURCE_EXHAUSTED", "The following quota metrics exceed quota limits", Refused, "quota"),
    "act as": (400, "INVALID_ARGUMENT", "You do not have permission to act as service_account", Refused, "identity"),
    "machine": (400, "INVALID_ARGUMENT", "Machine type e2-x is not supported.", Refused, "does not have machines"),
    "ended": (401, "UNAUTHENTICATED", "Request had an expired token", Unavailable, "have ended"),
    "denied": (403, "PERMISSION_DENIED", "Permission 'aiplatform.customJobs.create' denied", Unavailable, "may not do"),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_says_why_a_start_is_refused(fake: FakeVertex, service: VertexService, refusal: Refusal) -> None:
    refuse_start(fake, service, refusal)
