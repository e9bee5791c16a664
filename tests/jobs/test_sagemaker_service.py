"""SageMaker's port: started once, found again, read, stopped, and each refusal said in our words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import PartialCredentialsError
from moto import mock_aws

from jobs.asking import NoAnswer
from jobs.sagemaker_service import SageMakerService
from jobs.service import Job, State
from jobs.spec import digest, job_name
from service.errors import InvalidInput, Refused, Unavailable
from tests.jobs.fakes import FakeSageMaker, Refusal, refuse_start
from tests.jobs.specs import AWS, spec_for

SPEC = spec_for("aws")
NAME = job_name(SPEC, 1)


@pytest.fixture(scope="module")
def shared() -> tuple[FakeSageMaker, SageMakerService]:
    """Clients are made once: each reads its service's whole model."""
    fake = FakeSageMaker()
    return fake, SageMakerService(fake.client("sagemaker"), fake.client("logs"), AWS)


@pytest.fixture
def fake(shared: tuple[FakeSageMaker, SageMakerService]) -> FakeSageMaker:
    vars(shared[0]).update(vars(FakeSageMaker()), lost=0)
    return shared[0]


@pytest.fixture
def service(shared: tuple[FakeSageMaker, SageMakerService], fake: FakeSageMaker) -> SageMakerService:
    return shared[1]


def test_starts_a_job_under_its_name(fake: FakeSageMaker, service: SageMakerService) -> None:
    job = service.start(SPEC)
    assert job == Job(NAME, f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{NAME}", digest(SPEC)[:16], 1)
    assert fake.sent == ["CreateTrainingJob"]
    assert service.look(job).state is State.PENDING


def test_a_second_start_finds_the_first(fake: FakeSageMaker, service: SageMakerService) -> None:
    assert service.start(SPEC) == service.start(SPEC)
    assert len(fake.jobs) == 1
    assert service.start(SPEC, 2).name == job_name(SPEC, 2) and len(fake.jobs) == 2


@pytest.mark.parametrize("lost", [1, 2])
def test_a_lost_answer_starts_one_job(fake: FakeSageMaker, service: SageMakerService, lost: int) -> None:
    """With one lost, botocore asks again and meets its own job; with two, our own look finds it."""
    fake.lost = lost
    assert service.start(SPEC).name == NAME
    assert list(fake.jobs) == [NAME] and fake.sent.count("CreateTrainingJob") == 2


def test_where_nothing_was_started_no_answer_is_said_to_be_none(fake: FakeSageMaker, service: SageMakerService) -> None:
    fake.refuse = (503, "ServiceUnavailable", "try later")
    with pytest.raises(NoAnswer, match="nothing is started twice"):
        service.start(SPEC)


def test_a_name_that_is_taken_by_no_job_says_what_to_do(fake: FakeSageMaker, service: SageMakerService) -> None:
    fake.taken.add(NAME)  # a job that is being deleted
    with pytest.raises(Refused, match="start with another attempt"):
        service.start(SPEC)


def test_without_credentials_says_how_to_give_some(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    client = boto3.Session().client("sagemaker", region_name="us-east-1")
    with pytest.raises(Unavailable, match="set AWS_PROFILE"):
        SageMakerService(client, None, AWS).start(SPEC)


def test_credentials_by_halves_are_told(monkeypatch: pytest.MonkeyPatch, service: SageMakerService) -> None:
    def halves(**_: Any) -> None:
        raise PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY")

    monkeypatch.setattr(service._sagemaker, "describe_training_job", halves)
    with pytest.raises(Unavailable, match="set AWS_PROFILE") as raised:
        service.find(NAME)
    assert not isinstance(raised.value, NoAnswer)


def test_a_job_of_another_spec_is_not_taken(fake: FakeSageMaker, service: SageMakerService) -> None:
    service.start(SPEC)
    fake.jobs[NAME]["Tags"] = [{"Key": "outlast-spec", "Value": "another"}]
    with pytest.raises(Refused, match="it is not of this spec"):
        service.start(SPEC)


def test_a_spec_of_another_cloud_is_refused_before_anything_is_asked(
    fake: FakeSageMaker, service: SageMakerService
) -> None:
    with pytest.raises(InvalidInput, match="is an address of another cloud"):
        service.start(spec_for("gcp"))
    assert fake.sent == []


STATES: list[tuple[dict[str, Any], State, str]] = [
    ({"TrainingJobStatus": "InProgress", "SecondaryStatus": "Downloading"}, State.PENDING, ""),
    ({"TrainingJobStatus": "InProgress", "SecondaryStatus": "Training"}, State.RUNNING, ""),
    ({"TrainingJobStatus": "InProgress", "SecondaryStatus": "Uploading"}, State.RUNNING, ""),
    ({"TrainingJobStatus": "InProgress", "SecondaryStatus": "Interrupted"}, State.INTERRUPTED, ""),
    ({"TrainingJobStatus": "InProgress", "SecondaryStatus": "a new one"}, State.PENDING, ""),
    ({"TrainingJobStatus": "Stopping", "SecondaryStatus": "Stopping"}, State.STOPPING, ""),
    ({"TrainingJobStatus": "Stopped", "SecondaryStatus": "Stopped"}, State.STOPPED, ""),
    ({"TrainingJobStatus": "Stopped", "SecondaryStatus": "MaxRuntimeExceeded"}, State.STOPPED, "longer --time-limit"),
    ({"TrainingJobStatus": "Stopped", "SecondaryStatus": "MaxWaitTimeExceeded"}, State.STOPPED, "longer --time-limit"),
    (
        {"TrainingJobStatus": "Failed", "FailureReason": "AlgorithmError: , exit code: 137"},
        State.FAILED,
        "more memory",
    ),
]


@pytest.mark.parametrize(("described", "state", "hint"), STATES)
def test_reads_the_state(
    fake: FakeSageMaker, service: SageMakerService, described: dict[str, Any], state: State, hint: str
) -> None:
    job = service.start(SPEC)
    fake.jobs[NAME].update(described)
    seen = service.look(job)
    assert seen.state is state and hint in seen.hint and bool(seen.reason) == bool(hint)
    assert seen.artifacts == ""


def test_a_finished_job_says_where_when_and_what_it_charges(fake: FakeSageMaker, service: SageMakerService) -> None:
    job = service.start(SPEC)
    began = datetime(2026, 11, 29, 10, tzinfo=UTC)
    fake.jobs[NAME].update(
        TrainingJobStatus="Completed",
        ModelArtifacts={"S3ModelArtifacts": f"s3://bucket/output/{NAME}/output/model"},
        TrainingStartTime=began.timestamp(),
        TrainingEndTime=began.timestamp() + 90,
        BillableTimeInSeconds=60,
    )
    seen = service.look(job)
    assert (seen.state, seen.billable_seconds) == (State.SUCCEEDED, 60)
    assert seen.artifacts == f"s3://bucket/output/{NAME}/output/model/"
    assert (seen.started, seen.ended) == ("2026-11-29T10:00:00+00:00", "2026-11-29T10:01:30+00:00")


def test_a_job_that_is_not_there(service: SageMakerService) -> None:
    assert service.find(NAME) is None
    with pytest.raises(Unavailable, match="there is no training job"):
        service.look(Job(NAME, "", "", 1))


def test_stops_a_job_and_leaves_one_that_is_over(fake: FakeSageMaker, service: SageMakerService) -> None:
    job = service.start(SPEC)
    service.stop(job)
    assert service.look(job).state is State.STOPPING
    fake.jobs[NAME]["TrainingJobStatus"] = "Completed"
    service.stop(job)
    fake.jobs[NAME]["TrainingJobStatus"] = "Stopping"
    with pytest.raises(Refused, match="the job is not running"):
        service.stop(job)


def test_lists_our_jobs_newest_first(service: SageMakerService) -> None:
    started = [service.start(SPEC, attempt) for attempt in (1, 2, 3)]
    assert service.list() == started[::-1]


def test_lines_go_on_after_the_last_one_seen(fake: FakeSageMaker, service: SageMakerService) -> None:
    job = service.start(SPEC)
    assert service.lines(job) == []  # there is no log group before the first job
    first, second = f"{NAME}/algo-1-1700000000", f"{NAME}/algo-1-1700000900"
    fake.streams = {first: [["a", "b"], [], ["c"]]}
    lines = service.lines(job)
    assert [line.text for line in lines] == ["a", "b", "c"]
    assert lines[0].at == "1970-01-01T00:00:01+00:00"
    for seen, line in enumerate(lines, 1):
        assert [more.text for more in service.lines(job, line.cursor)] == ["a", "b", "c"][seen:]
    fake.streams[first][2].append("d")  # a page that was read grows, and the job starts again after an interruption
    fake.streams[second] = [["e"]]
    more = service.lines(job, lines[-1].cursor)
    assert [line.text for line in more] == ["d", "e"]
    assert service.lines(job, more[-1].cursor) == []


REFUSALS: dict[str, Refusal] = {
    "role": (400, "ValidationException", "Could not assume role arn:aws:iam::1:role/x.", Refused, "as this identity"),
    "quota": (400, "ResourceLimitExceeded", "The account-level service limit is 0 Instances", Refused, "quota"),
    "ended": (400, "ExpiredTokenException", "The security token is expired", Unavailable, "have ended"),
    "denied": (400, "AccessDeniedException", "User: x is not authorized to perform: y", Unavailable, "may not do that"),
    "bucket": (400, "ValidationException", "The bucket s3://b does not exist", Refused, "there are no data"),
    "unknown": (400, "ValidationException", "something new", Refused, "something new"),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_says_why_a_start_is_refused(fake: FakeSageMaker, service: SageMakerService, refusal: Refusal) -> None:
    refuse_start(fake, service, refusal)


@pytest.fixture(scope="module")
def moto_service() -> Iterator[SageMakerService]:
    with mock_aws():
        clients = [boto3.Session().client(name, region_name="us-east-1") for name in ("sagemaker", "logs")]
        yield SageMakerService(*clients, AWS)


@pytest.mark.slow
def test_moto_takes_the_request_too(moto_service: SageMakerService) -> None:
    """It starts nothing, ends every job at once and takes equal names: only what holds there is asked."""
    job = moto_service.start(replace(SPEC, spot=True))
    assert moto_service.find(job.name) == job
    assert moto_service.look(job).state is State.SUCCEEDED
    assert moto_service.list() == [job]
