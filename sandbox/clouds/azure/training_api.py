"""Azure ML over ARM: environments by version, command jobs; and a run's details and log in its history.

Paths and states are those of the REST API of workspaces (Microsoft.MachineLearningServices, jobs) and of the run
history that azure-ai-ml 1.35.2 reads. A job's process is run by `sandbox.training.runs`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import shlex
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.clouds.azure.training_rules import refuse, refuse_change
from sandbox.clouds.azure.workspaces import ML_WORKSPACE
from sandbox.clouds.store import CloudRefused
from sandbox.clouds.values import nested
from sandbox.clouds.world import World
from sandbox.training.order import Mount, Order, Outcome, Phase, Record
from sandbox.training.runs import TrainingRuns

Document = dict[str, Any]
_WORKSPACE = (
    r"(?P<workspace>/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.MachineLearningServices"
    r"/workspaces/[^/]+)"
)
PATH = re.compile(
    rf"{_WORKSPACE}/(?:(?P<environment>environments/[^/]+/versions/[^/]+)|jobs(?:/(?P<job>[^/]+)(?P<cancel>/cancel)?)?)"
)
HISTORY = re.compile(rf"/[a-z0-9]+\.api\.azureml\.ms/history/v1\.0{_WORKSPACE}/runs/(?P<job>[^/]+)/details")
LOG = re.compile(r"/(?P<account>[a-z0-9]+)\.blob\.core\.windows\.net/azureml/ExperimentRun/dcid\.(?P<job>[^/]+)/.*")
LOG_FILE = "user_logs/std_log.txt"
ROOT = "/mnt/azureml"
GRACE_SECONDS = 30.0  # an assumption: no page says how long a cancelled job's container has
_MOST_STARTS = 1_000  # a preempted job is queued again: Azure ML, low priority and spot
_URI = re.compile(r"wasbs://(?P<container>[^@/]+)@(?P<account>[^./]+)\.blob\.core\.windows\.net/(?P<path>.*)")
_FIELD = re.compile(r"\$\{\{(?:inputs|outputs)\.(\w+)\}\}")
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_STATES = {
    Outcome.SUCCEEDED: "Completed",
    Outcome.FAILED: "Failed",
    Outcome.STOPPED: "Canceled",
    # CommandJob, limits.timeout: the job is cancelled when it is reached.
    Outcome.TIMED_OUT: "Canceled",
    Outcome.WAITED: "Canceled",
    Outcome.LOST: "Failed",
}
_PHASES = {Phase.QUEUED: "Queued", Phase.PREPARING: "Preparing", Phase.RUNNING: "Running", Phase.SAVING: "Finalizing"}


class AzureMl:
    """Answers for every workspace. `now` gives Unix seconds; `secret` signs the addresses of logs."""

    def __init__(self, world: World, runs: TrainingRuns, now: Callable[[], float], secret: bytes) -> None:
        self._world, self._runs, self._now, self._secret = world, runs, now, secret
        self._one_by_one = threading.Lock()  # requests come in threads, and a name is taken once

    def owner(self, path: str) -> str:
        """The stack whose workspace is asked for; empty where there is none."""
        found = PATH.fullmatch(path) or HISTORY.fullmatch(path)
        workspace = self._world.store.get(ML_WORKSPACE, found["workspace"]) if found else None
        return workspace.stack if workspace else ""

    def answer(self, method: str, path: str, asked: Document, base: str = "") -> Document:
        """One request to Resource Manager, or to the run history. Raises CloudRefused with the API's own code.

        `base` is the address that was asked, which that of a log begins with.
        """
        if HISTORY.fullmatch(path):
            return self.details(path, base)
        found = PATH.fullmatch(path)
        if found is None or self._world.store.get(ML_WORKSPACE, found["workspace"]) is None:
            raise CloudRefused(f"ResourceNotFound: The Resource '{path}' was not found.")
        workspace, job = found["workspace"], found["job"]
        if found["environment"]:
            return self._environment(method, path, asked)
        if method == "GET":
            return self._describe(self._find(workspace, job)) if job else self._list(workspace)
        if method == "POST" and found["cancel"]:
            return self._cancel(self._find(workspace, job))
        if method == "PUT" and job and not found["cancel"]:
            with self._one_by_one:
                return self._put(workspace, job, asked)
        raise CloudRefused(f"MethodNotAllowed: the sandbox has no {method} of {path}")

    # -- environments --------------------------------------------------------------------------------------------

    def _environment(self, method: str, path: str, asked: Document) -> Document:
        """A version names an image, and is never changed: Azure ML, environments."""
        name = f"environments/{hashlib.sha256(path.encode()).hexdigest()}"
        kept = self._world.objects.read(f"azure-ml/{name}")
        if method == "PUT":
            image = str(nested(asked, "properties", "image") or "")
            if kept is not None and kept.decode() != image:
                raise CloudRefused("UserError: A environment with this name and version already exists.")
            self._world.objects.change(f"azure-ml/{name}", image.encode(), lambda there: True)
            kept = image.encode()
        if kept is None:
            raise CloudRefused(f"ResourceNotFound: The Resource '{path}' was not found.")
        return {"id": path, "name": path.rpartition("/")[2], "properties": {"image": kept.decode(), "osType": "Linux"}}

    def _image_of(self, environment: str) -> str:
        name = hashlib.sha256(environment.encode()).hexdigest()
        kept = self._world.objects.read(f"azure-ml/environments/{name}")
        if kept is None:
            raise CloudRefused(f"UserError: Environment {environment} not found.")
        return kept.decode()

    # -- jobs ----------------------------------------------------------------------------------------------------

    def _put(self, workspace: str, name: str, asked: Document) -> Document:
        properties, key = dict(asked.get("properties") or {}), f"{workspace}/jobs/{name}"
        known = self._runs.find(key)
        if known is not None:
            refuse_change(known.request["properties"], properties)
            known.request["properties"] = properties
            self._runs.keep(known)
            return self._describe(known)
        refuse(self._world, name, properties)
        request = {"workspace": workspace, "properties": properties}
        return self._describe(self._runs.submit(Record(self._order(workspace, key, properties), request, self._now())))

    def _order(self, workspace: str, key: str, properties: Document) -> Order:
        folder = f"{ROOT}/cr/j/{hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()}/cap/data-capability/wd"
        mounts = {
            **{name: self._read(folder, name, given) for name, given in (properties.get("inputs") or {}).items()},
            **{name: _write(folder, name, given) for name, given in (properties.get("outputs") or {}).items()},
        }
        command = _FIELD.sub(lambda field: mounts[field[1]].path, str(properties["command"]))
        spot = nested(properties, "queueSettings", "jobTier") == "Spot"
        return Order(
            cloud="azure",
            stack=self.owner(f"{workspace}/jobs"),
            key=key,
            image=self._image_of(str(properties["environmentId"])),
            command=tuple(shlex.split(command)),
            root=ROOT,
            mounts=tuple(mounts.values()),
            environment=dict(properties.get("environmentVariables") or {}),
            max_seconds=_seconds(str(nested(properties, "limits", "timeout") or "PT86400S")),
            grace_seconds=GRACE_SECONDS,
            spot=spot,
            restarts=_MOST_STARTS if spot else 0,
        )

    def _read(self, folder: str, name: str, given: Document) -> Mount:
        bucket, key = _split(str(given.get("uri")))
        if given.get("jobInputType") == "uri_file":
            return Mount(f"{folder}/INPUT_{name}/{key.rpartition('/')[2]}", bucket, key, is_folder=False)
        return Mount(f"{folder}/INPUT_{name}", bucket, key)

    def _find(self, workspace: str, name: str) -> Record:
        record = self._runs.find(f"{workspace}/jobs/{name}")
        if record is None:
            raise CloudRefused(f"ResourceNotFound: The Resource '{workspace}/jobs/{name}' was not found.")
        return record

    def _cancel(self, record: Record) -> Document:
        if record.phase is Phase.ENDED:
            told = _STATES[record.outcome]
            raise CloudRefused(f"UserError: The job is in a terminal state ({told}) and cannot be cancelled.")
        self._runs.ask_to_stop(record.order.key)
        return {}

    def _list(self, workspace: str) -> Document:
        mine = [one for one in self._runs.of_cloud("azure") if one.request["workspace"] == workspace]
        return {"value": [self._describe(record) for record in reversed(mine)]}

    def _describe(self, record: Record) -> Document:
        key = record.order.key
        return {
            "id": key,
            "name": key.rpartition("/")[2],
            "type": "Microsoft.MachineLearningServices/workspaces/jobs",
            "properties": {**record.request["properties"], "status": read_status(record)},
            "systemData": {"createdAt": _utc(record.created)},
        }

    # -- a run's history -----------------------------------------------------------------------------------------

    def details(self, path: str, base: str) -> Document:
        """A run as its history has it; `base` is the address that the control interface was asked at."""
        found = HISTORY.fullmatch(path)
        record = self._runs.find(f"{found['workspace']}/jobs/{found['job']}") if found else None
        if record is None:
            raise CloudRefused(f"ResourceNotFound: Run {path} was not found")
        told: Document = {"runId": record.order.key.rpartition("/")[2], "status": read_status(record), "logFiles": {}}
        if record.started:
            told["startTimeUtc"] = _utc(record.started)
        if record.phase is Phase.ENDED:
            told["endTimeUtc"] = _utc(record.ended)
        if record.outcome in (Outcome.FAILED, Outcome.LOST):
            told["error"] = {"error": _tell_error(record)}
        if self._runs.lines(record.order):
            told["logFiles"] = {LOG_FILE: self._sign(record, base)}
        return told

    def _sign(self, record: Record, base: str) -> str:
        """An address that takes no token: a shared access signature, as blobs have them."""
        place = f"/{self._account(record)}.blob.core.windows.net/azureml/ExperimentRun/dcid.{record.order.folder}"
        path = f"{place}/{LOG_FILE}"
        return f"{base}{path}?sp=r&sig={self._signature(path)}"

    def _account(self, record: Record) -> str:
        workspace = self._world.store.get(ML_WORKSPACE, str(record.request["workspace"]))
        return str(workspace.inputs.get("storageAccount") if workspace else "none").rpartition("/")[2]

    def _signature(self, path: str) -> str:
        return hmac.new(self._secret, path.encode(), hashlib.sha256).hexdigest()

    def read_log(self, path: str, query: Mapping[str, str]) -> bytes | None:
        """The log that a signed address means; None where the signature is not ours, or nothing is there."""
        found = LOG.fullmatch(path)
        if found is None or not hmac.compare_digest(query.get("sig", ""), self._signature(path)):
            return None
        mine = [one for one in self._runs.of_cloud("azure") if one.order.folder == found["job"]]
        lines = self._runs.lines(mine[0].order) if mine else []
        return "".join(f"{line.text}\n" for line in lines).encode()


def read_status(record: Record) -> str:
    """A job's status in the service's words."""
    if record.phase is Phase.ENDED:
        return _STATES[record.outcome]
    if record.stop_asked or record.phase is Phase.STOPPING:
        return "CancelRequested"
    return _PHASES[record.phase]


def _tell_error(record: Record) -> Document:
    if record.outcome is Outcome.LOST:
        return {"code": "UserError", "message": "The node was preempted, and the job was not queued again."}
    code, _, message = record.reason.partition(": ")
    if record.reason:
        return {"code": code, "message": message}
    said = f"Execution failed. User process '{record.order.command[0]}' exited with status code {_status(record)}."
    return {"code": "UserError", "message": f"{said} Please check log file '{LOG_FILE}' for error details."}


def _status(record: Record) -> int:
    code = record.exit_code or 0
    return code if code >= 0 else 128 - code


def _write(folder: str, name: str, given: Document) -> Mount:
    bucket, key = _split(str(given.get("uri")))
    return Mount(f"{folder}/{name}", bucket, key, saved="end" if given.get("mode") == "Upload" else "live")


def _split(uri: str) -> tuple[str, str]:
    found = _URI.fullmatch(uri)
    if found is None:
        raise CloudRefused(f"UserError: Invalid uri {uri}")
    return f"{found['account']}/{found['container']}", found["path"].strip("/")


def _seconds(duration: str) -> float:
    found = _DURATION.fullmatch(duration)
    if found is None:
        raise CloudRefused(f"ValidationError: limits.timeout: {duration} is no duration of ISO 8601")
    return sum(int(part or 0) * unit for part, unit in zip(found.groups(), (86_400, 3_600, 60, 1), strict=True))


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
