"""Vertex AI's API for custom jobs: create, get, list by label, cancel.

Paths, fields and states are those of aiplatform_v1 (google-cloud-aiplatform 2.7.0). Display names need not differ:
every job is given a number. Cloud Storage is mounted at /gcs; here the parts of it that a container's command names
are. A job's process is run by `sandbox.training.runs`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.clouds.gcp.storage_rights import may_write
from sandbox.clouds.gcp.training_rules import find_account, refuse, refuse_disabled
from sandbox.clouds.store import CloudRefused
from sandbox.clouds.values import stable_hex
from sandbox.clouds.world import World
from sandbox.training.order import Mount, Order, Outcome, Phase, Record
from sandbox.training.runs import TrainingRuns

Document = dict[str, Any]
HOST = re.compile(r"/(?P<region>[a-z0-9-]+)-aiplatform\.googleapis\.com(?P<path>/v1/.*)")
ROOT = "/gcs"
GRACE_SECONDS = 30.0  # Kubernetes' own, assumed: no page of Vertex AI says how long a container may take
SPOT_RESTARTS = 6  # cloud.google.com/vertex-ai/docs/training/use-spot-vms
LONGEST_SECONDS = 7 * 24 * 3600.0  # aiplatform_v1, Scheduling.timeout
_PATH = re.compile(
    r"/v1/projects/(?P<project>[^/]+)/locations/(?P<region>[^/]+)/customJobs(?:/(?P<number>\d+)(?P<verb>:cancel)?)?"
)
_FILTER = re.compile(r'labels\.(?P<key>[a-z0-9_-]+)(?:=(?P<quote>"?)(?P<value>[a-z0-9_-]*)(?P=quote)|(?P<any>:\*))')
_ENDED = {
    Outcome.SUCCEEDED: "JOB_STATE_SUCCEEDED",
    Outcome.FAILED: "JOB_STATE_FAILED",
    Outcome.STOPPED: "JOB_STATE_CANCELLED",
    Outcome.TIMED_OUT: "JOB_STATE_CANCELLED",  # assumed, as is its sentence below
    Outcome.WAITED: "JOB_STATE_FAILED",
    Outcome.LOST: "JOB_STATE_FAILED",
}
_STATES = {
    Phase.QUEUED: "JOB_STATE_QUEUED",
    Phase.PREPARING: "JOB_STATE_PENDING",
    Phase.RUNNING: "JOB_STATE_RUNNING",
    Phase.STOPPING: "JOB_STATE_RUNNING",
    Phase.SAVING: "JOB_STATE_RUNNING",
}


class VertexAi:
    """Answers for every project of the sandbox. `now` gives Unix seconds."""

    def __init__(self, world: World, runs: TrainingRuns, now: Callable[[], float]) -> None:
        self._world, self._runs, self._now = world, runs, now
        self._one_by_one = threading.Lock()  # requests come in threads, and each job has a number of its own

    def answer(self, method: str, path: str, query: Mapping[str, str], asked: Document) -> Document:
        """One request. Raises CloudRefused with the API's own status."""
        found = _PATH.fullmatch(path)
        if not found:
            raise CloudRefused(f"UNIMPLEMENTED: the sandbox has no {method} of {path}")
        refuse_disabled(self._world, found["project"])
        parent = path.removeprefix("/v1/").partition("/customJobs")[0]
        if found["number"]:
            return self._of_one(method, f"{parent}/customJobs/{found['number']}", bool(found["verb"]))
        if method == "GET":
            return self._list(parent, query)
        if method == "POST":
            return self._create(found["project"], parent, asked)
        raise CloudRefused(f"UNIMPLEMENTED: the sandbox has no {method} of customJobs")

    def owner(self, path: str, asked: Document) -> str:
        """The stack whose job or whose service account a request names; of a list, that of the newest job."""
        found = self._runs.find(path.removeprefix("/v1/").partition(":")[0])
        if found:
            return found.order.stack
        account = find_account(self._world, str(asked.get("jobSpec", {}).get("serviceAccount", "")))
        newest = self._runs.of_cloud("gcp")[-1:]
        return account.stack if account else "".join(job.order.stack for job in newest)

    def _of_one(self, method: str, name: str, cancels: bool) -> Document:
        record = self._runs.find(name)
        if record is None:
            raise CloudRefused(f"NOT_FOUND: The CustomJob {name} does not exist.")
        if (method, cancels) == ("GET", False):
            return describe(record)
        if (method, cancels) == ("POST", True):
            return self._cancel(record)
        raise CloudRefused(f"UNIMPLEMENTED: the sandbox has no {method} of a custom job")

    def _cancel(self, record: Record) -> Document:
        if record.phase is Phase.ENDED:
            raise CloudRefused(
                f"FAILED_PRECONDITION: The CustomJob {record.order.key} is in state {state_of(record)} and cannot be "
                "cancelled."
            )
        self._runs.ask_to_stop(record.order.key)
        return {}

    def _list(self, parent: str, query: Mapping[str, str]) -> Document:
        """The newest first."""
        jobs = [one for one in self._runs.of_cloud("gcp") if one.order.key.startswith(f"{parent}/")][::-1]
        rows = [job for job in jobs if _fits(job, query.get("filter", ""))]
        first, size = int(query.get("pageToken") or 0), int(query.get("pageSize") or 100)
        page = rows[first : first + size]
        more = {"nextPageToken": str(first + size)} if first + size < len(rows) else {}
        return {**({"customJobs": [describe(one) for one in page]} if page else {}), **more}

    def _create(self, project: str, parent: str, asked: Document) -> Document:
        refuse(self._world, project, asked)
        with self._one_by_one:
            count = len(self._runs.of_cloud("gcp"))
            key = f"{parent}/customJobs/{int(stable_hex(parent, str(count), length=15), 16)}"
            return describe(self._runs.submit(Record(self._order(asked, key), asked, self._now())))

    def _order(self, asked: Document, key: str) -> Order:
        spec = asked["jobSpec"]
        container, scheduling = spec["workerPoolSpecs"][0]["containerSpec"], spec.get("scheduling", {})
        command = (*container.get("command", []), *container.get("args", []))
        spot = scheduling.get("strategy") == "SPOT"
        return Order(
            cloud="gcp",
            stack=self.owner("", asked),
            key=key,
            image=str(container["imageUri"]),
            command=command,
            root=ROOT,
            mounts=self._mounts(command, str(spec["serviceAccount"])),
            environment={one["name"]: one["value"] for one in container.get("env", [])} | _given(spec),
            max_seconds=float(str(scheduling.get("timeout", f"{LONGEST_SECONDS}s")).removesuffix("s")),
            grace_seconds=GRACE_SECONDS,
            spot=spot,
            restarts=SPOT_RESTARTS if spot and not scheduling.get("disableRetries") else 0,
        )

    def _mounts(self, command: tuple[str, ...], account: str) -> tuple[Mount, ...]:
        paths = [path for path in dict.fromkeys(command) if path.startswith(f"{ROOT}/")]
        return tuple(self._mount(path, account) for path in paths)

    def _mount(self, path: str, account: str) -> Mount:
        """What a mounted path shows: the object of that name, else all below it."""
        bucket, _, key = path.removeprefix(f"{ROOT}/").partition("/")
        if self._world.objects.read(f"{bucket}/{key}") is not None:
            return Mount(path, bucket, key, is_folder=False)
        return Mount(path, bucket, key, saved="live" if may_write(self._world, account, bucket, f"{key}/") else "")


def _given(spec: Document) -> dict[str, str]:
    """What Vertex AI tells every container of a job with an output directory (aiplatform_v1, CustomJobSpec)."""
    prefix = str(spec.get("baseOutputDirectory", {}).get("outputUriPrefix", "")).rstrip("/")
    names = {"AIP_MODEL_DIR": "model", "AIP_CHECKPOINT_DIR": "checkpoints", "AIP_TENSORBOARD_LOG_DIR": "logs"}
    return {name: f"{prefix}/{below}/" for name, below in names.items()} if prefix else {}


def _fits(record: Record, filter_: str) -> bool:
    """Whether a job passes a list's filter: labels that are equal, or there at all."""
    if not filter_:
        return True
    found = [_FILTER.fullmatch(part.strip()) for part in filter_.split(" AND ")]
    if not all(found):
        raise CloudRefused(f"INVALID_ARGUMENT: Invalid filter: {filter_}")
    labels = record.request.get("labels", {})
    return all(one["key"] in labels and (one["any"] or labels[one["key"]] == one["value"]) for one in found if one)


def state_of(record: Record) -> str:
    """The state as the API names it."""
    if record.phase is Phase.ENDED:
        return _ENDED[record.outcome]
    if record.stop_asked:
        return "JOB_STATE_CANCELLING"
    return "JOB_STATE_PENDING" if record.interrupted else _STATES[record.phase]


def describe(record: Record) -> Document:
    """A custom job as `get` answers."""
    times = {"startTime": record.started, "endTime": record.ended, "updateTime": record.changed}
    error = _tell_error(record)
    return {
        **record.request,
        "name": record.order.key,
        "state": state_of(record),
        "createTime": written(record.created),
        **{name: written(time) for name, time in times.items() if time},
        **({"error": error} if error else {}),
    }


def _tell_error(record: Record) -> Document | None:
    """Codes are those of google.rpc.Code."""
    seconds = f"{record.order.max_seconds:g}"
    if record.outcome is Outcome.TIMED_OUT:
        return {"code": 1, "message": f"The job was cancelled because it reached its timeout of {seconds}s."}
    if record.outcome is Outcome.LOST:
        return {"code": 8, "message": "STOCKOUT: The Spot VM of the job was preempted, and there is no capacity left."}
    if record.outcome is not Outcome.FAILED:
        return None
    code = record.exit_code or 0
    status = code if code >= 0 else 128 - code
    told = f"The replica workerpool0-0 exited with a non-zero status of {status}."
    return {"code": 3, "message": record.reason or told}


def written(time: float) -> str:
    """RFC 3339 as Google's APIs write it."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
