"""What Vertex AI refuses of a custom job: at the call, or as the reason for which the job fails.

Sources: google-cloud-aiplatform 2.7.0 (aiplatform_v1, `CustomJob` and the messages in it) for fields, states and
strategies; cloud.google.com/vertex-ai/docs for the rest: training/configure-compute for machines, training/use-spot-vms
for a spot machine that is taken away, general/custom-service-account for who pulls the image: Vertex AI's own service
agent, which may where the repository is in the job's project. Sentences that no source gives whole are assumptions;
jobs/reasons.py does not depend on their exact words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.clouds.accounts import project_number
from sandbox.clouds.gcp.common import is_enabled
from sandbox.clouds.gcp.project import ACCOUNT
from sandbox.clouds.gcp.storage_rights import may_read, may_write
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.world import World
from sandbox.training.files import list_keys
from sandbox.training.order import Mount, Record
from sandbox.training.surroundings import Verdict

API = "aiplatform.googleapis.com"
STRATEGIES = ("STANDARD", "SPOT", "ON_DEMAND", "LOW_COST", "FLEX_START")
LEAST_DISK_GB = 100
_SIZES = {
    "e2-standard": (4, 8, 16, 32),
    "e2-highmem": (2, 4, 8, 16),
    "e2-highcpu": (16, 32),
    "n1-standard": (4, 8, 16, 32, 64, 96),
    "n1-highmem": (2, 4, 8, 16, 32, 64, 96),
    "n1-highcpu": (16, 32, 64, 96),
    "n2-standard": (4, 8, 16, 32, 48, 64, 80),
    "n2-highmem": (2, 4, 8, 16, 32, 48, 64, 80),
    "c2-standard": (4, 8, 16, 30, 60),
}
MACHINES = frozenset(f"{family}-{size}" for family, sizes in _SIZES.items() for size in sizes)
_LABEL = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
# Field -> the fields below it, as far as they are looked into; an empty table stands for a plain value.
_WORKER: Mapping[str, Any] = {
    "machineSpec": {"machineType": {}, "acceleratorType": {}, "acceleratorCount": {}},
    "replicaCount": {},
    "diskSpec": {"bootDiskType": {}, "bootDiskSizeGb": {}},
    "containerSpec": {"imageUri": {}, "command": {}, "args": {}, "env": {"name": {}, "value": {}}},
}
_FIELDS: Mapping[str, Any] = {
    "displayName": {},
    "labels": {},
    "encryptionSpec": {"kmsKeyName": {}},
    "jobSpec": {
        "workerPoolSpecs": _WORKER,
        "scheduling": {"timeout": {}, "strategy": {}, "disableRetries": {}, "restartJobOnWorkerRestart": {}},
        "serviceAccount": {},
        "network": {},
        "baseOutputDirectory": {"outputUriPrefix": {}},
        "enableWebAccess": {},
    },
}


def refuse(world: World, project: str, asked: Mapping[str, Any]) -> None:
    """Raise CloudRefused with the API's own status for a job that customJobs.create does not take."""
    refuse_disabled(world, project)
    _refuse_unknown(asked, _FIELDS, "custom_job")
    _refuse_values(asked)
    account = str(asked["jobSpec"].get("serviceAccount", ""))
    if find_account(world, account) is None:
        raise CloudRefused(
            f"INVALID_ARGUMENT: You do not have permission to act as service_account: {account}. (or it may not exist)."
        )


def refuse_disabled(world: World, project: str) -> None:
    """Any call is refused as long as the API is off."""
    if not is_enabled(world, project, API):
        number = project_number(project)
        raise CloudRefused(
            f"PERMISSION_DENIED: Vertex AI API has not been used in project {number} before or it is disabled. Enable "
            f"it by visiting https://console.developers.google.com/apis/api/{API}/overview?project={number} then retry."
        )


def find_account(world: World, email: str) -> Resource | None:
    """The service account of that address."""
    emails = {f"{one.inputs['accountId']}@{one.id.split('/')[1]}": one for one in world.store.all(ACCOUNT)}
    return emails.get(email.removesuffix(".iam.gserviceaccount.com"))


def _refuse_unknown(asked: Mapping[str, Any], known: Mapping[str, Any], where: str) -> None:
    for name, value in asked.items():
        if name not in known:
            raise CloudRefused(
                f"INVALID_ARGUMENT: Invalid JSON payload received. Unknown name \"{name}\" at '{where}': Cannot find "
                "field."
            )
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict) and known[name]:
                _refuse_unknown(inner, known[name], f"{where}.{_snake(name)}")


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name)


def _refuse_values(asked: Mapping[str, Any]) -> None:
    if not asked.get("displayName"):
        raise CloudRefused("INVALID_ARGUMENT: The display name is required.")
    workers = asked.get("jobSpec", {}).get("workerPoolSpecs") or []
    if not workers or not workers[0].get("containerSpec", {}).get("imageUri"):
        raise CloudRefused("INVALID_ARGUMENT: job_spec.worker_pool_specs[0].container_spec.image_uri is required.")
    for name, value in asked.get("labels", {}).items():
        if not (_LABEL.fullmatch(name) and _VALUE.fullmatch(value)):
            raise CloudRefused(f"INVALID_ARGUMENT: Label {name}={value} is invalid.")
    _refuse_machine(workers[0])
    strategy = asked["jobSpec"].get("scheduling", {}).get("strategy", "STANDARD")
    if strategy not in STRATEGIES:
        raise CloudRefused(
            f"INVALID_ARGUMENT: Invalid value at 'custom_job.job_spec.scheduling.strategy': \"{strategy}\""
        )


def _refuse_machine(worker: Mapping[str, Any]) -> None:
    machine = str(worker.get("machineSpec", {}).get("machineType", ""))
    if machine not in MACHINES:
        raise CloudRefused(f'INVALID_ARGUMENT: Machine type "{machine}" is not supported.')
    size = int(worker.get("diskSpec", {}).get("bootDiskSizeGb", LEAST_DISK_GB))
    if size < LEAST_DISK_GB:
        raise CloudRefused(f"INVALID_ARGUMENT: boot_disk_size_gb must be at least {LEAST_DISK_GB}, and is {size}.")


def judge(world: World, record: Record) -> Verdict:
    """What becomes of a job that has got its machine: its image is pulled, its buckets are mounted as its account."""
    account, mounts = str(record.request["jobSpec"]["serviceAccount"]), record.order.mounts
    if find_account(world, account) is None:
        return Verdict(f"Service account {account} does not exist.")
    if not _is_pulled(world, record):
        return Verdict(f"Failed to pull image {record.order.image}: image not found, or no permission to pull it.")
    hidden = [mount for mount in mounts if not may_read(world, account, mount.bucket, _beginning(mount))]
    there = [mount for mount in mounts if mount.saved or list_keys(world.objects, mount)]
    closed = [m for m in there if not may_write(world, account, m.bucket, _beginning(m)) and m not in hidden]
    return Verdict(
        log=tuple(_tell_hidden(account, mount) for mount in hidden),
        # A folder of a bucket is there by its objects alone.
        hidden=frozenset(mount.path for mount in mounts if mount in hidden or mount not in there),
        readonly=frozenset(mount.path for mount in closed),
    )


def _is_pulled(world: World, record: Record) -> bool:
    """Whether the image is there, in a repository of the job's own project."""
    image, project = record.order.image, record.order.key.split("/")[1]
    return world.images.digest_of(image) is not None and image.split("/")[1:2] == [project]


def _beginning(mount: Mount) -> str:
    return f"{mount.key}/" if mount.is_folder else mount.key


def _tell_hidden(account: str, mount: Mount) -> str:
    """A mount that is not allowed is no error of the job's: the container finds nothing there, and says so itself."""
    return (
        f"gcsfuse: googleapi: Error 403: {account} does not have storage.objects.list access to the Google Cloud "
        f"Storage bucket {mount.bucket}, forbidden"
    )
