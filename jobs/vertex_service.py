"""Custom jobs on Vertex AI, by its REST API; their lines from Cloud Logging.

Vertex AI gives every job a number and takes the same display name as often as it is sent. So a label with the job's
name is looked up before a start and after it: where two were started at once, the older stays, the other is cancelled.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from jobs.asking import NoAnswer, ask, ask_for, pages
from jobs.place import GooglePlace
from jobs.reasons import explain, shorten
from jobs.service import Job, JobState, LogLine, State
from jobs.spec import TrainingSpec, check, digest, job_name, parse_name
from jobs.vertex import artifacts_of, build_request
from service.errors import Refused, Unavailable

LOGGING = "https://logging.googleapis.com"
PAGE, MOST_PAGES = 1000, 10
LATE_SECONDS = 120
"""So late an entry of a log may come, an assumption: the service promises no time."""
STATES = {
    "JOB_STATE_QUEUED": State.PENDING,
    "JOB_STATE_PENDING": State.PENDING,
    "JOB_STATE_RUNNING": State.RUNNING,
    "JOB_STATE_UPDATING": State.RUNNING,
    "JOB_STATE_SUCCEEDED": State.SUCCEEDED,
    "JOB_STATE_PARTIALLY_SUCCEEDED": State.FAILED,
    "JOB_STATE_FAILED": State.FAILED,
    "JOB_STATE_EXPIRED": State.FAILED,
    "JOB_STATE_CANCELLING": State.STOPPING,
    "JOB_STATE_CANCELLED": State.STOPPED,
    "JOB_STATE_PAUSED": State.STOPPED,
}
"""What the job's state says."""


def vertex_endpoint(region: str) -> str:
    """Where Vertex AI's API of a region is."""
    return f"https://{region}-aiplatform.googleapis.com"


class VertexService:
    """The port on Vertex AI. `vertex` and `logging` are clients that sign. Raises as `jobs.asking.ask` does."""

    cloud = "gcp"

    def __init__(self, vertex: httpx.Client, logging: httpx.Client, place: GooglePlace) -> None:
        self._vertex = vertex
        self._logging = logging
        self._place = place
        # A job's id -> from when on its log was read last, and which entries there were.
        self._read: dict[str, tuple[str, frozenset[tuple[str, str]]]] = {}

    def start(self, spec: TrainingSpec, attempt: int = 1) -> Job:
        """Start the job unless its label is there."""
        check(spec, self.cloud)
        name = job_name(spec, attempt)
        if found := self._known(name, spec):
            return found
        body, doing = build_request(spec, self._place, attempt), "start the custom job on Vertex AI"
        try:
            made = _job(ask_for(self._vertex, "POST", self._jobs(), doing, takes_quota=True, json=body))
        except NoAnswer:
            if found := self._known(name, spec):
                return found
            raise
        return self._settle(made, self._known(name, spec))

    def _settle(self, made: Job, oldest: Job | None) -> Job:
        """The job that everybody keeps who started one of this name at the same time."""
        if oldest is None or oldest.id == made.id:
            return made
        self.stop(made)
        return oldest

    def _known(self, name: str, spec: TrainingSpec) -> Job | None:
        """The oldest job with this label if it is this spec's. Raises Refused for somebody else's."""
        documents = self._labelled(name)
        if not documents:
            return None
        if documents[0].get("labels", {}).get("outlast-spec") != digest(spec)[:40]:
            what = f"there is a custom job with the label outlast-job={name}, and it is not of this spec"
            raise Refused(what, hint="start with another attempt")
        return _job(documents[0])

    def _labelled(self, name: str) -> list[dict[str, Any]]:
        """The jobs of this name, oldest first."""
        doing = "look up the job's label on Vertex AI"
        rows = pages(self._vertex, self._jobs(), doing, "customJobs", filter=f'labels.outlast-job="{name}"')
        return sorted(rows, key=lambda row: (row.get("createTime", ""), row["name"]))

    def find(self, name: str) -> Job | None:
        """The oldest job of this name."""
        documents = self._labelled(name)
        return _job(documents[0]) if documents else None

    def look(self, job: Job) -> JobState:
        """How it stands."""
        document = ask(self._vertex, "GET", f"/v1/{job.id}", "look at the custom job on Vertex AI")
        if document is None:
            raise Unavailable(f"there is no custom job {job.name} on Vertex AI", hint="outlast model jobs list")
        return _read_state(document)

    def lines(self, job: Job, after: str = "") -> list[LogLine]:
        """What it wrote. The log's last minutes are read again: what came late is given before what is new."""
        instant, _, seen = after.partition(" ")
        start, last = _before(instant, LATE_SECONDS), (instant.removesuffix("Z"), seen)
        entries = self._entries(job, start)
        if len(entries) >= PAGE * MOST_PAGES and _instant(entries[-1]) <= last:  # nothing new among so many
            start, entries = instant, self._entries(job, instant)
        late = self._find_late(job, [one for one in entries if _instant(one) <= last])
        self._read[job.id] = start.removesuffix("Z"), frozenset(map(_instant, entries))
        return [
            *(replace(_line(one), cursor=after) for one in late),
            *(_line(one) for one in entries if _instant(one) > last),
        ]

    def _find_late(self, job: Job, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Of entries before the cursor those that were not there when their time was read last."""
        if job.id not in self._read:
            return []
        since, given = self._read[job.id]
        return [one for one in entries if _instant(one)[0] >= since and _instant(one) not in given]

    def _entries(self, job: Job, instant: str) -> list[dict[str, Any]]:
        """Entries of the job's own resource from this instant on, in the order of their time; MOST_PAGES at most.

        A call more for each page of a long log would be one too many: the service counts them by the minute.
        """
        number = job.id.rpartition("/")[2]
        filter_ = f'resource.type="ml_job" AND resource.labels.job_id="{number}"'
        body: dict[str, Any] = {
            "resourceNames": [f"projects/{self._place.project}"],
            "filter": f'{filter_} AND timestamp>="{instant}"' if instant else filter_,
            "orderBy": "timestamp asc",
            "pageSize": PAGE,
        }
        found: list[dict[str, Any]] = []
        for _ in range(MOST_PAGES):
            page = ask_for(self._logging, "POST", "/v2/entries:list", "read the job's log", json=body)
            found += page.get("entries", [])
            if not page.get("nextPageToken"):
                break
            body["pageToken"] = page["nextPageToken"]
        return sorted(found, key=_instant)

    def stop(self, job: Job) -> None:
        """Cancel it."""
        try:
            ask_for(self._vertex, "POST", f"/v1/{job.id}:cancel", "stop the custom job on Vertex AI", json={})
        except Refused:
            if not self.look(job).state.final:
                raise

    def _jobs(self) -> str:
        return f"/v1/projects/{self._place.project}/locations/{self._place.region}/customJobs"

    def list(self) -> list[Job]:
        """The jobs with our label, newest first."""
        doing = "list the custom jobs on Vertex AI"
        rows = pages(self._vertex, self._jobs(), doing, "customJobs", filter="labels.outlast-job:*")
        newest = sorted(rows, key=lambda row: (row.get("createTime", ""), row["name"]), reverse=True)
        return [_job(row) for row in newest]


def _job(document: dict[str, Any]) -> Job:
    name = document.get("labels", {}).get("outlast-job", document.get("displayName", ""))
    spec_digest, attempt = parse_name(name) or ("", 0)
    return Job(name, document["name"], spec_digest, attempt)


def _read_state(document: dict[str, Any]) -> JobState:
    state = STATES.get(document.get("state", ""), State.PENDING)
    if state is State.PENDING and document.get("startTime"):
        state = State.INTERRUPTED  # a job that had started waits for a machine again
    said = str(document.get("error", {}).get("message", ""))
    reason = explain(said) if said else None
    output = document.get("jobSpec", {}).get("baseOutputDirectory", {}).get("outputUriPrefix", "")
    return JobState(
        state,
        reason=shorten(said),
        hint=reason.hint if reason else "",
        artifacts=artifacts_of(output) if output and state is State.SUCCEEDED else "",
        started=document.get("startTime", ""),
        ended=document.get("endTime", ""),
    )


def _instant(entry: dict[str, Any]) -> tuple[str, str]:
    """What entries are sorted by. A time has as many digits of its second as it needs: 01.5Z sorts before 01Z."""
    return entry["timestamp"].removesuffix("Z"), entry.get("insertId", "")


def _before(instant: str, seconds: float) -> str:
    """An earlier instant; "" of none."""
    if not instant:
        return ""
    earlier = datetime.fromisoformat(instant) - timedelta(seconds=seconds)
    return earlier.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _line(entry: dict[str, Any]) -> LogLine:
    """A container's line is `textPayload`, or `message` where it was read as JSON."""
    payload = entry.get("jsonPayload", {})
    text = entry.get("textPayload", payload.get("message", payload))
    return LogLine(str(text).rstrip("\n"), entry["timestamp"], f"{entry['timestamp']} {entry.get('insertId', '')}")
