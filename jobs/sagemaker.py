"""The request that starts a training job on Amazon SageMaker. Pure.

Fields and limits are those of CreateTrainingJob in botocore's model, which the tests let judge every request. Data come
as channels below /opt/ml/input/data, and what the container leaves in /opt/ml/model and /opt/ml/checkpoints SageMaker
carries to S3 by itself: the container needs no network, and gets none.
"""

from __future__ import annotations

from typing import Any

from jobs.container import ENTRY_POINT, arguments, channel, file_name
from jobs.machines import choose
from jobs.place import AwsPlace
from jobs.spec import TrainingSpec, checkpoints_of, job_name, marks

CHECKPOINTS, OUT, DATA = "/opt/ml/checkpoints", "/opt/ml/model", "/opt/ml/input/data"
VOLUME_GB = 30
SPOT_WAIT_SECONDS = 3600
"""How much longer than it may run a job on spot may wait for its machines."""


def build_request(spec: TrainingSpec, place: AwsPlace, attempt: int = 1) -> dict[str, Any]:
    """The arguments of boto3's `create_training_job`."""
    return {
        "TrainingJobName": job_name(spec, attempt),
        "RoleArn": spec.identity,
        "AlgorithmSpecification": _algorithm(spec),
        "InputDataConfig": [_channel(number, address) for number, address in enumerate(spec.data)],
        "OutputDataConfig": {
            "S3OutputPath": spec.output.rstrip("/"),
            # The files as they are: each is compared by its own digest, and none is lost with a cut archive.
            "CompressionType": "NONE",
            **({"KmsKeyId": place.kms_key_arn} if place.kms_key_arn else {}),
        },
        "CheckpointConfig": {"S3Uri": checkpoints_of(spec), "LocalPath": CHECKPOINTS},
        "ResourceConfig": {
            "InstanceType": choose("aws", spec.cpu, spec.memory_gib).name,
            "InstanceCount": 1,
            "VolumeSizeInGB": VOLUME_GB,
            **({"VolumeKmsKeyId": place.kms_key_arn} if place.kms_key_arn else {}),
        },
        "StoppingCondition": _limits(spec),
        "EnableManagedSpotTraining": spec.spot,
        "EnableNetworkIsolation": True,
        "Environment": dict(spec.environment),
        "Tags": [{"Key": key, "Value": value} for key, value in marks(spec, attempt).items()],
        **_network(place),
    }


def _algorithm(spec: TrainingSpec) -> dict[str, Any]:
    return {
        "TrainingImage": spec.image,
        "TrainingInputMode": "File",
        "ContainerEntrypoint": list(ENTRY_POINT),
        "ContainerArguments": arguments(data_paths(spec), CHECKPOINTS, OUT, spec.arguments),
    }


def data_paths(spec: TrainingSpec) -> list[str]:
    """Where each address is found in the container: a channel's folder, and in it a single file under its own name."""
    each = [(f"{DATA}/{channel(number)}", file_name(address)) for number, address in enumerate(spec.data)]
    return [f"{folder}/{name}" if name else folder for folder, name in each]


def _channel(number: int, address: str) -> dict[str, Any]:
    # A prefix that is an object's whole key brings that object under the last part of its key.
    where = {"S3DataType": "S3Prefix", "S3Uri": address, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": channel(number), "DataSource": {"S3DataSource": where}, "InputMode": "File"}


def _limits(spec: TrainingSpec) -> dict[str, int]:
    limits = {"MaxRuntimeInSeconds": spec.max_seconds}
    if spec.spot:  # less than the longest run is refused
        limits["MaxWaitTimeInSeconds"] = spec.max_seconds + SPOT_WAIT_SECONDS
    return limits


def _network(place: AwsPlace) -> dict[str, Any]:
    if not place.subnets:
        return {}
    return {"VpcConfig": {"Subnets": list(place.subnets), "SecurityGroupIds": list(place.security_groups)}}
