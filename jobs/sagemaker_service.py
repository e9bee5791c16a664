"""Training jobs on Amazon SageMaker, by boto3; their lines from CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from jobs.asking import NoAnswer, refusal
from jobs.place import AwsPlace
from jobs.reasons import explain, shorten
from jobs.sagemaker import build_request
from jobs.service import Job, JobState, LogLine, State
from jobs.spec import TrainingSpec, check, digest, job_name, parse_name
from service.errors import Refused, Unavailable

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
_TAKEN = "ResourceInUse"
# Describing and stopping what is not there is a ValidationException on SageMaker, whatever the model says.
_ABSENT = ("requested resource not found", "could not find", "does not exist")
STATES = {
    "Starting": State.PENDING,
    "Pending": State.PENDING,
    "Downloading": State.PENDING,
    "Training": State.RUNNING,
    "Uploading": State.RUNNING,
    "Interrupted": State.INTERRUPTED,
    "Stopping": State.STOPPING,
    "Completed": State.SUCCEEDED,
    "Failed": State.FAILED,
    "Stopped": State.STOPPED,
    "MaxRuntimeExceeded": State.STOPPED,
    "MaxWaitTimeExceeded": State.STOPPED,
}
"""What the first status says, or the second one while that is InProgress."""


class SageMakerService:
    """The port on SageMaker. `sagemaker` and `logs` are boto3 clients of the place's region."""

    cloud = "aws"

    def __init__(self, sagemaker: Any, logs: Any, place: AwsPlace) -> None:
        self._sagemaker = sagemaker
        self._logs = logs
        self._place = place

    def start(self, spec: TrainingSpec, attempt: int = 1) -> Job:
        """Start the job. Its name is unique in the region: where it is taken, a tag says whether by this spec."""
        check(spec, self.cloud)
        name, doing = job_name(spec, attempt), "start the training job on SageMaker"
        try:
            with _translated(doing):
                answer = self._sagemaker.create_training_job(**build_request(spec, self._place, attempt))
        except (_Taken, NoAnswer):
            if found := self._known(name, spec):
                return found
            raise
        return _job(name, answer["TrainingJobArn"])

    def _known(self, name: str, spec: TrainingSpec) -> Job | None:
        """The job of this name if it is this spec's. Raises Refused for somebody else's."""
        job = self.find(name)
        if job is None:
            return None
        with _translated("read the tags of the training job"):
            tags = self._sagemaker.list_tags(ResourceArn=job.id)["Tags"]
        if {"Key": "outlast-spec", "Value": digest(spec)[:40]} not in tags:
            what = f"there is a training job {name} on SageMaker, and it is not of this spec"
            raise Refused(what, hint="start with another attempt")
        return job

    def find(self, name: str) -> Job | None:
        """The job of this name."""
        described = self._describe(name)
        return _job(name, described["TrainingJobArn"]) if described else None

    def look(self, job: Job) -> JobState:
        """How it stands: the secondary status says what the first one leaves open."""
        described = self._describe(job.name)
        if described is None:
            raise Unavailable(f"there is no training job {job.name} on SageMaker", hint="outlast model jobs list")
        return _read_state(described)

    def lines(self, job: Job, after: str = "") -> list[LogLine]:
        """What it wrote, one log stream for each start of its container in their order."""
        at = _Cursor.parse(after)
        found: list[LogLine] = []
        for stream in self._streams(job):
            if stream >= at.stream:
                found += self._read_stream(at if stream == at.stream else _Cursor(stream))
        return found

    def stop(self, job: Job) -> None:
        """SageMaker sends SIGTERM and waits 120 s; what was written by then it keeps."""
        try:
            with _translated("stop the training job"):
                self._sagemaker.stop_training_job(TrainingJobName=job.name)
        except Refused:
            if not self.look(job).state.final:
                raise

    def _describe(self, name: str) -> dict[str, Any] | None:
        try:
            with _translated("look at the training job"):
                described: dict[str, Any] = self._sagemaker.describe_training_job(TrainingJobName=name)
        except _Absent:
            return None
        return described

    def _streams(self, job: Job) -> list[str]:
        """Their names end in the time at which they began."""
        pages = self._logs.get_paginator("describe_log_streams").paginate(
            logGroupName=LOG_GROUP, logStreamNamePrefix=f"{job.name}/"
        )
        try:
            with _translated("find the job's log"):
                return sorted(row["logStreamName"] for page in pages for row in page["logStreams"])
        except _Absent:
            return []  # the first job of an account makes the group

    def _read_stream(self, at: _Cursor) -> list[LogLine]:
        found, token, skip = [], at.token, at.seen
        while True:
            where = {"nextToken": token} if token else {}
            with _translated("read the job's log"):
                page = self._logs.get_log_events(
                    logGroupName=LOG_GROUP, logStreamName=at.stream, startFromHead=True, **where
                )
            for seen, event in enumerate(page["events"][skip:], skip + 1):
                cursor = _Cursor(at.stream, token, seen)
                found.append(LogLine(event["message"].rstrip("\n"), _instant(event["timestamp"] / 1000), str(cursor)))
            if page["nextForwardToken"] == token:  # an empty page may come before the last one
                return found
            token, skip = page["nextForwardToken"], 0

    def list(self) -> list[Job]:
        """The jobs whose names are ours, newest first."""
        paginator = self._sagemaker.get_paginator("list_training_jobs")
        pages = paginator.paginate(NameContains="outlast-", SortBy="CreationTime", SortOrder="Descending")
        with _translated("list the training jobs"):
            rows = [row for page in pages for row in page["TrainingJobSummaries"]]
        named = [(row["TrainingJobName"], row["TrainingJobArn"]) for row in rows]
        return [_job(name, arn) for name, arn in named if parse_name(name)]


class _Cursor:
    """Where reading goes on: a stream, the token of the page that is read, and how many of its lines were seen."""

    def __init__(self, stream: str = "", token: str = "", seen: int = 0) -> None:
        self.stream, self.token, self.seen = stream, token, seen

    @classmethod
    def parse(cls, text: str) -> _Cursor:
        if not text:
            return cls()
        stream, token, seen = text.split(" ")
        return cls(stream, token, int(seen))

    def __str__(self) -> str:
        return f"{self.stream} {self.token} {self.seen}"


class _Taken(Refused):
    """The name is in use."""


class _Absent(Refused):
    """There is no such thing."""


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    """Raise what boto3 raises in our words. No answer is told from a refusal: only after one may a job be running."""
    try:
        yield
    except ClientError as error:
        raise _in_our_words(error, doing) from error
    except (NoConnection, HTTPClientError) as error:
        hint = "check the network, then type the same again: nothing is started twice"
        raise NoAnswer(f"could not {doing}: {error}", hint=hint) from error
    except BotoCoreError as error:  # no credentials, half of them, or a login that has ended
        hint = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; for the sandbox: outlast exec -- …"
        raise Unavailable(f"could not {doing}: {error}", hint=hint) from error


def _in_our_words(error: ClientError, doing: str) -> Exception:
    code, said = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == _TAKEN:
        return _Taken(f"could not {doing}: {said}", hint="start with another attempt")
    absent = code.startswith("ResourceNotFound") or any(words in said.lower() for words in _ABSENT)
    if absent and error.operation_name != "CreateTrainingJob":  # which names other things that are not there
        return _Absent(f"could not {doing}: {said}", hint="outlast model jobs list")
    if status >= 500 or code.startswith("Throttling"):
        hint = "type the same again in a minute: nothing is started twice"
        return NoAnswer(f"could not {doing}: {code} {shorten(said)}", hint=hint)
    return refusal(doing, f"{code}: {said}")


def _job(name: str, arn: str) -> Job:
    spec_digest, attempt = parse_name(name) or ("", 0)
    return Job(name, arn, spec_digest, attempt)


def _read_state(described: dict[str, Any]) -> JobState:
    primary, secondary = described["TrainingJobStatus"], described.get("SecondaryStatus", "")
    state = STATES.get(primary) or STATES.get(secondary, State.PENDING)
    said = described.get("FailureReason", "")
    if state is State.STOPPED and secondary not in ("Stopped", ""):
        said = f"{secondary} {said}".strip()
    reason = explain(said) if said else None
    folder = described.get("ModelArtifacts", {}).get("S3ModelArtifacts", "") if state is State.SUCCEEDED else ""
    return JobState(
        state,
        reason=shorten(said),
        hint=reason.hint if reason else "",
        artifacts=f"{folder.rstrip('/')}/" if folder else "",
        started=_written(described.get("TrainingStartTime")),
        ended=_written(described.get("TrainingEndTime")),
        billable_seconds=described.get("BillableTimeInSeconds"),
    )


def _written(time: datetime | None) -> str:
    return time.astimezone(UTC).isoformat() if time else ""


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
