"""SageMaker's API for training jobs: create, describe, stop, list, and a job's tags.

Operations, members and states are botocore's (sagemaker, service-2). A job's process is run by `sandbox.training.runs`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sandbox.clouds.aws.common import DEFAULT_REGION
from sandbox.clouds.aws.roles import ROLE
from sandbox.clouds.aws.training_rules import refuse
from sandbox.clouds.store import CloudRefused
from sandbox.clouds.world import World
from sandbox.training.order import Mount, Order, Outcome, Phase, Record
from sandbox.training.runs import TrainingRuns

Document = dict[str, Any]
PREFIX = "SageMaker."
ROOT, DATA, CHECKPOINTS, MODEL = "/opt/ml", "/opt/ml/input/data", "/opt/ml/checkpoints", "/opt/ml/model"
GRACE_SECONDS = 120.0  # botocore, StopTrainingJob: SIGTERM delays termination for 120 seconds
_MOST_STARTS = 1_000  # managed spot training goes on until MaxWaitTimeInSeconds
_KEPT = (
    *("AlgorithmSpecification", "RoleArn", "InputDataConfig", "OutputDataConfig", "ResourceConfig", "VpcConfig"),
    *("StoppingCondition", "EnableNetworkIsolation", "EnableManagedSpotTraining", "CheckpointConfig", "Environment"),
)
_STATES = {
    Outcome.SUCCEEDED: ("Completed", "Completed"),
    Outcome.FAILED: ("Failed", "Failed"),
    Outcome.STOPPED: ("Stopped", "Stopped"),
    Outcome.TIMED_OUT: ("Stopped", "MaxRuntimeExceeded"),
    Outcome.WAITED: ("Stopped", "MaxWaitTimeExceeded"),
    Outcome.LOST: ("Failed", "Failed"),
}
_SECONDARY = {
    Phase.QUEUED: "Starting",
    Phase.PREPARING: "Downloading",
    Phase.RUNNING: "Training",
    Phase.SAVING: "Uploading",
}


class SageMaker:
    """Answers for one account. `now` gives Unix seconds."""

    def __init__(self, world: World, runs: TrainingRuns, now: Callable[[], float]) -> None:
        self._world, self._runs, self._now = world, runs, now
        self._one_by_one = threading.Lock()  # requests come in threads, and a name is taken once

    def answer(self, operation: str, asked: Document, region: str = DEFAULT_REGION) -> Document:
        """One operation. Raises CloudRefused with the API's own code."""
        operations: dict[str, Callable[[Document, str], Document]] = {
            "CreateTrainingJob": self._create,
            "DescribeTrainingJob": lambda asked, region: self._describe(self._find(asked, region)),
            "StopTrainingJob": self._stop,
            "ListTrainingJobs": self._list,
            "ListTags": self._list_tags,
        }
        if operation not in operations:
            raise CloudRefused(f"UnknownOperationException: the sandbox has no {operation}")
        return operations[operation](asked, region)

    def owner(self, asked: Document) -> str:
        """The stack whose role a request names; empty where there is none."""
        role = self._world.store.find(ROLE, asked.get("RoleArn")) if asked.get("RoleArn") else None
        return role.stack if role else ""

    def _arn(self, name: str, region: str) -> str:
        return f"arn:aws:sagemaker:{region}:{self._world.accounts.aws}:training-job/{name}"

    def _create(self, asked: Document, region: str) -> Document:
        refuse(self._world, asked)
        key = self._arn(str(asked["TrainingJobName"]), region)
        with self._one_by_one:
            if self._runs.find(key):
                raise CloudRefused(
                    "ResourceInUse: Training job names must be unique within an AWS account and region, and a training "
                    f"job with this name already exists ({key})"
                )
            self._runs.submit(Record(self._order(asked, key), asked, self._now()))
        return {"TrainingJobArn": key}

    def _order(self, asked: Document, key: str) -> Order:
        algorithm, limits = asked["AlgorithmSpecification"], asked.get("StoppingCondition", {})
        spot = bool(asked.get("EnableManagedSpotTraining"))
        command = (*algorithm.get("ContainerEntrypoint", []), *algorithm.get("ContainerArguments", []))
        return Order(
            cloud="aws",
            stack=self.owner(asked),
            key=key,
            image=str(algorithm["TrainingImage"]),
            command=command,
            root=ROOT,
            mounts=tuple(self._mounts(asked)),
            environment={**asked.get("Environment", {}), "TRAINING_JOB_NAME": str(asked["TrainingJobName"])},
            max_seconds=float(limits.get("MaxRuntimeInSeconds", 86_400)),
            max_wait_seconds=float(limits.get("MaxWaitTimeInSeconds", 0)),
            grace_seconds=GRACE_SECONDS,
            spot=spot,
            restarts=_MOST_STARTS if spot else 0,
        )

    def _mounts(self, asked: Document) -> list[Mount]:
        found = [self._channel(channel) for channel in asked.get("InputDataConfig", [])]
        if checkpoints := asked.get("CheckpointConfig"):
            bucket, key = _split(checkpoints["S3Uri"])
            found.append(Mount(checkpoints.get("LocalPath", CHECKPOINTS), bucket, key, saved="live"))
        output = asked["OutputDataConfig"]
        bucket, key = _split(output["S3OutputPath"])
        below = f"{key}/{asked['TrainingJobName']}/output".strip("/")
        is_packed = output.get("CompressionType", "GZIP") == "GZIP"
        place = below if is_packed else f"{below}/model"
        return [*found, Mount(MODEL, bucket, place, saved="end", archive=is_packed)]

    def _channel(self, channel: Document) -> Mount:
        """A prefix that is an object's whole key brings that object under the last part of its key."""
        folder = f"{DATA}/{channel['ChannelName']}"
        bucket, key = _split(channel["DataSource"]["S3DataSource"]["S3Uri"])
        if self._world.objects.read(f"{bucket}/{key}") is None:
            return Mount(folder, bucket, key)
        return Mount(f"{folder}/{key.rpartition('/')[2]}", bucket, key, is_folder=False)

    def _find(self, asked: Document, region: str) -> Record:
        record = self._runs.find(self._arn(str(asked.get("TrainingJobName")), region))
        if record is None:
            raise CloudRefused("ValidationException: Requested resource not found.")
        return record

    def _stop(self, asked: Document, region: str) -> Document:
        record = self._find(asked, region)
        if record.phase is Phase.ENDED:
            status = _STATES[record.outcome][0]
            raise CloudRefused(
                f"ValidationException: The request was rejected because the training job is in status {status}."
            )
        self._runs.ask_to_stop(record.order.key)
        return {}

    def _list(self, asked: Document, region: str) -> Document:
        name = str(asked.get("NameContains", ""))
        found = [record for record in self._runs.of_cloud("aws") if name in _name(record)]
        if asked.get("SortOrder", "Descending") == "Descending":  # botocore: ListTrainingJobs
            found.reverse()
        first = int(asked.get("NextToken") or 0)
        page = found[first : first + int(asked.get("MaxResults", 10))]
        rows = [self._describe(record) for record in page]
        kept = ("TrainingJobName", "TrainingJobArn", "CreationTime", "TrainingJobStatus", "TrainingEndTime")
        more = {"NextToken": str(first + len(page))} if first + len(page) < len(found) else {}
        return {"TrainingJobSummaries": [{key: row[key] for key in kept if key in row} for row in rows], **more}

    def _list_tags(self, asked: Document, region: str) -> Document:
        record = self._runs.find(str(asked.get("ResourceArn")))
        if record is None:
            raise CloudRefused("ValidationException: Requested resource not found.")
        return {"Tags": record.request.get("Tags", [])}

    def _describe(self, record: Record) -> Document:
        primary, secondary = _read_states(record)
        output = next(mount for mount in record.order.mounts if mount.path == MODEL)
        artifacts = f"s3://{output.bucket}/{output.key}/" + ("model.tar.gz" if output.archive else "")
        document: Document = {
            "TrainingJobName": _name(record),
            "TrainingJobArn": record.order.key,
            "TrainingJobStatus": primary,
            "SecondaryStatus": secondary,
            "CreationTime": record.created,
            "LastModifiedTime": record.changed,
            "ModelArtifacts": {"S3ModelArtifacts": artifacts},
            **{name: record.request[name] for name in _KEPT if name in record.request},
        }
        return document | _tell_end(record)


def _tell_end(record: Record) -> Document:
    told: Document = {}
    if record.started:
        told["TrainingStartTime"] = record.started
    if record.phase is Phase.ENDED:
        seconds = round(record.busy_seconds)
        told |= {"TrainingEndTime": record.ended, "TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
    if record.outcome is Outcome.FAILED:
        told["FailureReason"] = record.reason or f"AlgorithmError: , exit code: {_exit_status(record)}"
    return told


def _exit_status(record: Record) -> int:
    """As a shell has it: 128 and the signal's number."""
    code = record.exit_code or 0
    return code if code >= 0 else 128 - code


def _read_states(record: Record) -> tuple[str, str]:
    if record.phase is Phase.ENDED:
        return _STATES[record.outcome]
    if record.stop_asked or record.phase is Phase.STOPPING:
        return "Stopping", "Stopping"
    return "InProgress", "Interrupted" if record.interrupted else _SECONDARY[record.phase]


def _name(record: Record) -> str:
    return record.order.key.rpartition("/")[2]


def _split(address: str) -> tuple[str, str]:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key.strip("/")
