"""Command jobs on Azure Machine Learning, by Azure Resource Manager; times, errors and lines from its run history.

What the run history answers is read from azure-ai-ml 1.35.2 (`_restclient/runhistory`, `_job_ops_helper`): its details
name every log file by an address that is signed, and that takes no token.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx

from jobs.asking import NoAnswer, ask, ask_for, pages
from jobs.azure_ml import API_VERSION, build_environment, build_request, environment_id, from_blob_uri
from jobs.place import AzurePlace
from jobs.reasons import explain, shorten
from jobs.service import Job, JobState, LogLine, State
from jobs.spec import TrainingSpec, check, digest, job_name, parse_name
from service.errors import Refused, Unavailable

HISTORY_SCOPE = "https://ml.azure.com/.default"
_VERSION = {"api-version": API_VERSION}
_LOG = "user_logs/std_log"
STATES = {
    "NotStarted": State.PENDING,
    "Starting": State.PENDING,
    "Provisioning": State.PENDING,
    "Preparing": State.PENDING,
    "Queued": State.PENDING,
    "Running": State.RUNNING,
    "Finalizing": State.RUNNING,
    "CancelRequested": State.STOPPING,
    "Completed": State.SUCCEEDED,
    "Failed": State.FAILED,
    "NotResponding": State.FAILED,
    "Canceled": State.STOPPED,
}
"""What the job's status says."""


def history_endpoint(region: str) -> str:
    """Where the run history of a region's workspaces is."""
    return f"https://{region}.api.azureml.ms"


class AzureMlService:
    """The port on Azure ML. `arm` and `history` are clients that sign; `files` signs nothing, for signed addresses.

    Raises as `jobs.asking.ask` does.
    """

    cloud = "azure"

    def __init__(self, arm: httpx.Client, history: httpx.Client, files: httpx.Client, place: AzurePlace) -> None:
        self._arm = arm
        self._history = history
        self._files = files
        self._place = place

    def start(self, spec: TrainingSpec, attempt: int = 1) -> Job:
        """Start the job unless it is there: so it looks first, for a PUT changes a job that is there, or is refused."""
        check(spec, self.cloud)
        name = job_name(spec, attempt)
        if found := self._known(name, spec):
            return found
        self._make_environment(spec)
        body, doing = build_request(spec, self._place, attempt), "start the job on Azure ML"
        try:
            document = ask_for(self._arm, "PUT", self._path(name), doing, params=_VERSION, json=body)
        except (NoAnswer, Refused):  # it may run all the same, or somebody started it meanwhile
            if found := self._known(name, spec):
                return found
            raise
        return _job(document)

    def _make_environment(self, spec: TrainingSpec) -> None:
        """A version is never changed: what is there is the image of its name."""
        path, doing = environment_id(spec, self._place), "name the image as an environment of Azure ML"
        if ask(self._arm, "GET", path, doing, params=_VERSION) is None:
            ask_for(self._arm, "PUT", path, doing, params=_VERSION, json=build_environment(spec))

    def _known(self, name: str, spec: TrainingSpec) -> Job | None:
        """The job of this name if it is this spec's. Raises Refused for somebody else's."""
        document = self._get(name)
        if document is None:
            return None
        if document["properties"].get("tags", {}).get("outlast-spec") != digest(spec)[:40]:
            what = f"there is a job {name} in the workspace, and it is not of this spec"
            raise Refused(what, hint="start with another attempt")
        return _job(document)

    def find(self, name: str) -> Job | None:
        """The job of this name."""
        document = self._get(name)
        return _job(document) if document else None

    def look(self, job: Job) -> JobState:
        """How it stands. The job's own document has its status; when and why is in the run history."""
        document = self._get(job.name)
        if document is None:
            raise Unavailable(f"there is no job {job.name} in the workspace", hint="outlast model jobs list")
        return _read_state(document["properties"], self._details(job))

    def lines(self, job: Job, after: str = "") -> list[LogLine]:
        """What it wrote, by the byte; a line that is not ended yet waits until it is, or until the job is over."""
        details = self._details(job)
        last_file, _, offset = after.rpartition(" ")
        files = {name: url for name, url in details.get("logFiles", {}).items() if name.startswith(_LOG)}
        found: list[LogLine] = []
        for name in sorted(name for name in files if name >= last_file):
            begin = int(offset) if name == last_file else 0
            found += _split(name, begin, self._read(files[name], begin), bool(details.get("endTimeUtc")))
        return found

    def _read(self, url: str, begin: int) -> bytes:
        """A file from this byte on; nothing where it has no more."""
        try:
            response = self._files.get(url, headers={"range": f"bytes={begin}-"})
        except httpx.HTTPError as error:
            raise NoAnswer(f"could not read the job's log: {error}", hint="outlast model jobs attach") from error
        if response.status_code in (404, 416):
            return b""
        if not response.is_success:
            what = f"could not read the job's log: HTTP {response.status_code}"
            raise Unavailable(what, hint="outlast model jobs attach, which asks for a new address")
        # Whoever does not know ranges sends all of it.
        return response.content if response.status_code == 206 else response.content[begin:]

    def stop(self, job: Job) -> None:
        """Cancel it."""
        try:
            ask_for(self._arm, "POST", f"{self._path(job.name)}/cancel", "stop the job on Azure ML", params=_VERSION)
        except Refused:
            if not self.look(job).state.final:
                raise

    def _get(self, name: str) -> dict[str, Any] | None:
        return ask(self._arm, "GET", self._path(name), "look at the job on Azure ML", params=_VERSION)

    def _details(self, job: Job) -> dict[str, Any]:
        """The run's details; nothing as long as the service has no run for the job."""
        path = f"/history/v1.0{self._place.workspace_id}/runs/{job.name}/details"
        return ask(self._history, "GET", path, "read the run's history on Azure ML") or {}

    def _path(self, name: str) -> str:
        return f"{self._place.workspace_id}/jobs/{name}"

    def list(self) -> list[Job]:
        """The jobs whose names are ours, newest first."""
        path, doing = f"{self._place.workspace_id}/jobs", "list the jobs of the workspace"
        rows = pages(self._arm, path, doing, "value", **_VERSION, listViewType="All")
        ours = [row for row in rows if parse_name(row["name"])]
        return [_job(row) for row in sorted(ours, key=_created, reverse=True)]


def _created(document: dict[str, Any]) -> str:
    return str(document.get("systemData", {}).get("createdAt", ""))


def _job(document: dict[str, Any]) -> Job:
    spec_digest, attempt = parse_name(document["name"]) or ("", 0)
    return Job(document["name"], document["id"], spec_digest, attempt)


def _read_state(properties: dict[str, Any], details: dict[str, Any]) -> JobState:
    state = STATES.get(properties.get("status", ""), State.PENDING)
    if state is State.PENDING and details.get("startTimeUtc"):
        state = State.INTERRUPTED  # a run that had started waits for a machine again
    error = (details.get("error") or {}).get("error", {})
    said = f"{error.get('code', '')}: {error['message']}" if error.get("message") else ""
    reason = explain(said) if said else None
    uri = properties.get("outputs", {}).get("out", {}).get("uri", "") if state is State.SUCCEEDED else ""
    return JobState(
        state,
        reason=shorten(said),
        hint=reason.hint if reason else "",
        artifacts=f"{from_blob_uri(uri).rstrip('/')}/" if uri else "",
        started=_written(details.get("startTimeUtc")),
        ended=_written(details.get("endTimeUtc")),
    )


def _written(time: str | None) -> str:
    """The run history writes RFC 3339 with `Z` or without a zone, meaning UTC."""
    if not time:
        return ""
    read = datetime.fromisoformat(time)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC).isoformat()


def _split(name: str, begin: int, content: bytes, over: bool) -> list[LogLine]:
    found, at = [], begin
    *whole, rest = content.split(b"\n")  # and not by carriage returns, with which a line is written over
    ended = [line + b"\n" for line in whole] + ([rest] if rest and over else [])
    for line in ended:
        at += len(line)
        found.append(LogLine(line.decode(errors="replace").rstrip("\r\n"), "", f"{name} {at}"))
    return found
