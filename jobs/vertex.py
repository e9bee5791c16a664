"""The request that starts a custom job on Vertex AI. Pure.

Fields are those of CustomJob in Google's protobuf (google-cloud-aiplatform 2.7.0, aiplatform_v1); `FIELDS` names each
that is used, and a test compares it with that package where it is installed. Cloud Storage is mounted at /gcs in every
container of a custom job, so that the container is given plain paths.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.container import ENTRY_POINT, arguments
from jobs.machines import choose
from jobs.place import GooglePlace
from jobs.spec import TrainingSpec, checkpoints_of, job_name, marks, output_of

DISK_GB = 100
"""The least that Vertex AI gives a worker."""

FIELDS: Mapping[str, tuple[str, ...]] = {
    "CustomJob": ("displayName", "jobSpec", "labels", "encryptionSpec"),
    "CustomJobSpec": ("workerPoolSpecs", "scheduling", "serviceAccount", "network", "baseOutputDirectory"),
    "WorkerPoolSpec": ("machineSpec", "replicaCount", "diskSpec", "containerSpec"),
    "MachineSpec": ("machineType",),
    "DiskSpec": ("bootDiskType", "bootDiskSizeGb"),
    "ContainerSpec": ("imageUri", "command", "args", "env"),
    "EnvVar": ("name", "value"),
    "Scheduling": ("timeout", "strategy", "disableRetries"),
    "GcsDestination": ("outputUriPrefix",),
    "EncryptionSpec": ("kmsKeyName",),
}
"""Message of the protobuf -> its fields that a request may hold, as JSON spells them."""


def build_request(spec: TrainingSpec, place: GooglePlace, attempt: int = 1) -> dict[str, Any]:
    """The body of `POST projects/{project}/locations/{region}/customJobs`."""
    job_spec: dict[str, Any] = {
        "workerPoolSpecs": [_worker(spec, attempt)],
        "scheduling": {
            "timeout": f"{spec.max_seconds}s",
            "strategy": "SPOT" if spec.spot else "STANDARD",
            # A machine that was taken away is replaced; a training that fails is not paid for again and again.
            "disableRetries": not spec.spot,
        },
        "serviceAccount": spec.identity,
        "baseOutputDirectory": {"outputUriPrefix": output_of(spec, attempt)},
    }
    if place.network:
        job_spec["network"] = place.network
    request = {"displayName": job_name(spec, attempt), "jobSpec": job_spec, "labels": marks(spec, attempt)}
    return request | ({"encryptionSpec": {"kmsKeyName": place.kms_key_name}} if place.kms_key_name else {})


def _worker(spec: TrainingSpec, attempt: int) -> dict[str, Any]:
    data = [mounted(address) for address in spec.data]
    out = mounted(artifacts_of(output_of(spec, attempt)))
    return {
        "machineSpec": {"machineType": choose("gcp", spec.cpu, spec.memory_gib).name},
        "replicaCount": "1",
        "diskSpec": {"bootDiskType": "pd-standard", "bootDiskSizeGb": DISK_GB},
        "containerSpec": {
            "imageUri": spec.image,
            "command": list(ENTRY_POINT),
            "args": arguments(data, mounted(checkpoints_of(spec)), out, spec.arguments),
            "env": [{"name": name, "value": value} for name, value in sorted(spec.environment.items())],
        },
    }


def artifacts_of(output: str) -> str:
    """Where a job's artifacts lie below its output directory: where Vertex AI's own AIP_MODEL_DIR would be."""
    return f"{output.rstrip('/')}/model/"


def mounted(address: str) -> str:
    """The path under which a container finds an address of Cloud Storage."""
    return "/gcs/" + address.removeprefix("gs://").rstrip("/")
