"""Azure ML's port: looked up before it is started, read from two APIs, and each refusal said in our words."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.asking import NoAnswer
from jobs.azure_ml_service import AzureMlService, history_endpoint
from jobs.service import Job, State
from jobs.spec import digest, job_name
from service.errors import InvalidInput, Refused, Unavailable
from tests.jobs.fakes import FakeArm, Refusal, refuse_start
from tests.jobs.specs import AZURE, WORKSPACE, spec_for

SPEC = spec_for("azure")
NAME = job_name(SPEC, 1)
LOG = "user_logs/std_log.txt"


@pytest.fixture
def fake() -> FakeArm:
    return FakeArm()


@pytest.fixture
def service(fake: FakeArm) -> AzureMlService:
    arm, history = fake.client("https://management.azure.com"), fake.client(history_endpoint("eastus"))
    return AzureMlService(arm, history, fake.client("https://store"), AZURE)


def test_starts_a_job_on_the_images_own_environment(fake: FakeArm, service: AzureMlService) -> None:
    job = service.start(SPEC)
    assert job == Job(NAME, f"{WORKSPACE}/jobs/{NAME}", digest(SPEC)[:16], 1)
    assert list(fake.environments) == ["a" * 12]
    environment = f"environments/outlast-training/versions/{'a' * 12}"
    assert fake.sent == [f"GET jobs/{NAME}", f"GET {environment}", f"PUT {environment}", f"PUT jobs/{NAME}"]


def test_a_second_start_finds_the_first_and_changes_nothing(fake: FakeArm, service: AzureMlService) -> None:
    assert service.start(SPEC) == service.start(SPEC)
    assert len(fake.jobs) == 1 and fake.sent.count(f"PUT jobs/{NAME}") == 1
    service.start(SPEC, 2)
    assert len(fake.jobs) == 2 and len(fake.environments) == 1


def test_a_lost_answer_starts_one_job(fake: FakeArm, service: AzureMlService) -> None:
    fake.lost = 1
    assert service.start(SPEC).name == NAME
    assert list(fake.jobs) == [NAME] and fake.sent.count(f"PUT jobs/{NAME}") == 1


def test_who_starts_it_meanwhile_is_found(fake: FakeArm, service: AzureMlService) -> None:
    fake.hidden = 1  # this one looked before the other was there
    other = service.start(SPEC)
    fake.hidden = 1
    assert service.start(SPEC) == other and len(fake.jobs) == 1


def test_where_nothing_was_started_no_answer_is_said_to_be_none(fake: FakeArm, service: AzureMlService) -> None:
    fake.refuse = (503, "ServerBusy", "try later")
    with pytest.raises(NoAnswer, match="nothing is started twice"):
        service.start(SPEC)


def test_a_job_of_another_spec_is_not_taken(fake: FakeArm, service: AzureMlService) -> None:
    service.start(SPEC)
    fake.jobs[NAME]["properties"]["tags"] = {}
    with pytest.raises(Refused, match="it is not of this spec"):
        service.start(SPEC)


def test_a_spec_of_another_cloud_is_refused_before_anything_is_asked(fake: FakeArm, service: AzureMlService) -> None:
    with pytest.raises(InvalidInput, match="is an address of another cloud"):
        service.start(spec_for("aws"))
    assert fake.sent == []


STATES = [
    ("NotStarted", {}, State.PENDING),
    ("Queued", {}, State.PENDING),
    ("Queued", {"startTimeUtc": "2026-11-29T10:00:00Z"}, State.INTERRUPTED),
    ("Running", {"startTimeUtc": "2026-11-29T10:00:00Z"}, State.RUNNING),
    ("Finalizing", {}, State.RUNNING),
    ("CancelRequested", {}, State.STOPPING),
    ("Canceled", {}, State.STOPPED),
    ("Failed", {}, State.FAILED),
    ("Completed", {}, State.SUCCEEDED),
    ("a new one", {}, State.PENDING),
]


@pytest.mark.parametrize(("status", "details", "state"), STATES)
def test_reads_the_state(
    fake: FakeArm, service: AzureMlService, status: str, details: dict[str, Any], state: State
) -> None:
    job = service.start(SPEC)
    fake.jobs[NAME]["properties"]["status"] = status
    if details:
        fake.details[NAME] = details
    assert service.look(job).state is state


def test_a_finished_job_says_where_and_when(fake: FakeArm, service: AzureMlService) -> None:
    job = service.start(SPEC)
    fake.jobs[NAME]["properties"]["status"] = "Completed"
    fake.details[NAME] = {"startTimeUtc": "2026-11-29T10:00:00.25Z", "endTimeUtc": "2026-11-29T10:01:30", "error": None}
    seen = service.look(job)
    assert seen.artifacts == f"az://account/container/output/{NAME}/"
    assert (seen.started, seen.ended) == ("2026-11-29T10:00:00.250000+00:00", "2026-11-29T10:01:30+00:00")
    assert seen.billable_seconds is None and seen.reason == ""


def test_a_failed_job_says_why(fake: FakeArm, service: AzureMlService) -> None:
    job = service.start(SPEC)
    fake.jobs[NAME]["properties"]["status"] = "Failed"
    error = {"code": "UserError", "message": "AzureMLCompute job failed. Process exited with exit code 137 OOMKilled"}
    fake.details[NAME] = {"error": {"error": error}}
    seen = service.look(job)
    assert "exit code 137" in seen.reason and "more memory" in seen.hint


def test_a_job_that_is_not_there(service: AzureMlService) -> None:
    assert service.find(NAME) is None
    with pytest.raises(Unavailable, match="there is no job"):
        service.look(Job(NAME, "", "", 1))


def test_stops_a_job_and_leaves_one_that_is_over(fake: FakeArm, service: AzureMlService) -> None:
    job = service.start(SPEC)
    service.stop(job)
    assert service.look(job).state is State.STOPPING
    fake.jobs[NAME]["properties"]["status"] = "Completed"
    service.stop(job)
    fake.jobs[NAME]["properties"]["status"] = "Running"
    fake.refuse = (409, "Conflict", "another operation is in progress")
    with pytest.raises(Refused, match="another operation"):
        service.stop(job)


def test_lists_our_jobs_newest_first(service: AzureMlService) -> None:
    started = [service.start(SPEC, attempt) for attempt in (1, 2, 3)]
    assert service.list() == started[::-1]


@pytest.mark.parametrize("ranges", [True, False])
def test_lines_go_on_after_the_last_one_seen(fake: FakeArm, service: AzureMlService, ranges: bool) -> None:
    fake.ranges = ranges
    job = service.start(SPEC)
    assert service.lines(job) == []  # the run has no history yet
    fake.details[NAME] = {
        "logFiles": {LOG: "https://store/log?sig=x", "system_logs/lifecycler.log": "https://store/no"}
    }
    fake.files["/log"] = "größer\nb\nhalf".encode()
    lines = service.lines(job)
    assert [line.text for line in lines] == ["größer", "b"]
    assert [line.text for line in service.lines(job, lines[0].cursor)] == ["b"]
    assert service.lines(job, lines[1].cursor) == []
    fake.files["/log"] += b" a line"
    fake.details[NAME]["endTimeUtc"] = "2026-11-29T10:00:00Z"
    last = service.lines(job, lines[1].cursor)
    assert [line.text for line in last] == ["half a line"]
    assert service.lines(job, last[0].cursor) == []


def test_a_line_that_was_written_over_is_read_once(fake: FakeArm, service: AzureMlService) -> None:
    job = service.start(SPEC)
    fake.details[NAME] = {"logFiles": {LOG: "https://store/log?sig=x"}}
    fake.files["/log"] = b"10 %\r100 %\ndone\r\n"
    lines = service.lines(job)
    assert [line.text for line in lines] == ["10 %\r100 %", "done"]
    assert service.lines(job, lines[-1].cursor) == []


def test_an_address_of_a_log_that_has_ended_says_how_to_get_another(fake: FakeArm, service: AzureMlService) -> None:
    job = service.start(SPEC)
    fake.details[NAME] = {"logFiles": {LOG: "https://store/gone"}}
    with pytest.raises(Unavailable, match="HTTP 403"):
        service.lines(job)
    fake.details[NAME] = {"logFiles": {LOG: "https://store/broken"}}
    with pytest.raises(NoAnswer, match="could not read the job's log"):
        service.lines(job)


REFUSALS: dict[str, Refusal] = {
    "quota": (400, "UserError", "The requested size exceeds the quota of the subscription", Refused, "quota"),
    "size": (400, "UserError", "VM size Standard_D2s_v3 is not supported in region", Refused, "does not have machines"),
    "ended": (401, "InvalidAuthenticationToken", "The access token has expired", Unavailable, "have ended"),
    "denied": (403, "AuthorizationFailed", "The client 'x' does not have authorization", Unavailable, "may not do"),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_says_why_a_start_is_refused(fake: FakeArm, service: AzureMlService, refusal: Refusal) -> None:
    refuse_start(fake, service, refusal)
