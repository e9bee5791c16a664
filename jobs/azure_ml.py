"""The requests that start a command job on Azure Machine Learning: an environment for the image, then the job. Pure.

Bodies of Azure Resource Manager in the API version that pulumi-azure-native speaks. Without a compute of its own a job
runs on serverless compute of the type that it names. Data and outputs are mounted; `wasbs://` is the form in which the
service's pages write a path in Blob Storage (how-to-read-write-data-v2 of learn.microsoft.com/azure/machine-learning).
That an output takes the same form as an input was not tried on an account.
"""

from __future__ import annotations

import re
import shlex
from typing import Any

from jobs.container import ENTRY_POINT, arguments, channel, is_folder
from jobs.machines import choose
from jobs.place import AzurePlace
from jobs.spec import TrainingSpec, checkpoints_of, job_name, marks, output_of

API_VERSION = "2025-12-01"
ENVIRONMENT, EXPERIMENT = "outlast-training", "outlast"

_AZ = re.compile(r"az://(?P<account>[^/]+)/(?P<container>[^/]+)/(?P<path>.*)")
_WASBS = re.compile(r"wasbs://(?P<container>[^@/]+)@(?P<account>[^./]+)\.blob\.core\.windows\.net/(?P<path>.*)")


def build_request(spec: TrainingSpec, place: AzurePlace, attempt: int = 1) -> dict[str, Any]:
    """The body of `PUT {workspace}/jobs/{name}`."""
    data = [f"${{{{inputs.{channel(number)}}}}}" for number in range(len(spec.data))]
    placed = arguments(data, "${{outputs.checkpoints}}", "${{outputs.out}}", [])
    # What the service fills in stands bare; what a person gave is quoted for the shell that the service runs.
    command = " ".join([*ENTRY_POINT, *placed, *map(shlex.quote, spec.arguments)])
    properties = {
        "jobType": "Command",
        "displayName": job_name(spec, attempt),
        "experimentName": EXPERIMENT,
        "command": command,
        "environmentId": environment_id(spec, place),
        "environmentVariables": dict(spec.environment),
        "inputs": {channel(number): _input(address) for number, address in enumerate(spec.data)},
        "outputs": {"out": _output(output_of(spec, attempt)), "checkpoints": _output(checkpoints_of(spec))},
        "resources": {"instanceType": choose("azure", spec.cpu, spec.memory_gib).name, "instanceCount": 1},
        "queueSettings": {"jobTier": "Spot" if spec.spot else "Standard"},
        "limits": {"jobLimitsType": "Command", "timeout": f"PT{spec.max_seconds}S"},
        "identity": {"identityType": "Managed", "clientId": place.identity_client_id, "resourceId": spec.identity},
        "tags": marks(spec, attempt),
    }
    return {"properties": properties}


def build_environment(spec: TrainingSpec) -> dict[str, Any]:
    """The body of `PUT {environment_id}`: a version is never changed, and this one is named by the image's digest."""
    return {"properties": {"image": spec.image, "osType": "Linux"}}


def environment_id(spec: TrainingSpec, place: AzurePlace) -> str:
    """The version of the environment that is this image."""
    digest = spec.image.rpartition("@sha256:")[2]
    return f"{place.workspace_id}/environments/{ENVIRONMENT}/versions/{digest[:12]}"


def to_blob_uri(address: str) -> str:
    """An address of ours as the service writes it."""
    found = _AZ.fullmatch(address)
    if not found:
        return address
    return f"wasbs://{found['container']}@{found['account']}.blob.core.windows.net/{found['path']}"


def from_blob_uri(uri: str) -> str:
    """The address that the service wrote in its form; what is in another form stays as it is."""
    found = _WASBS.fullmatch(uri)
    return f"az://{found['account']}/{found['container']}/{found['path']}" if found else uri


def _input(address: str) -> dict[str, str]:
    kind = "uri_folder" if is_folder(address) else "uri_file"
    return {"jobInputType": kind, "mode": "ReadOnlyMount", "uri": to_blob_uri(address)}


def _output(address: str) -> dict[str, str]:
    # Mounted and not uploaded at the end: a finished fit has to outlive the machine.
    return {"jobOutputType": "uri_folder", "mode": "ReadWriteMount", "uri": to_blob_uri(address)}
