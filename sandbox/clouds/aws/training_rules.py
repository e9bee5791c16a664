"""What SageMaker refuses of a training job: at the call, or as the reason for which the job fails.

Sources: botocore's service model of sagemaker for shapes, enumerations and what members must be beside each other;
github.com/Kenza-AI/sagify/issues/111 for the words about a wait without spot; the SageMaker developer guide on failed
training jobs for how a FailureReason begins (`ClientError`, `AlgorithmError`). The other sentences are assumptions, of
which `jobs.reasons` reads no more than what all of their kind have in common.
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.clouds.aws import roles
from sandbox.clouds.aws.training_machines import TYPES
from sandbox.clouds.buckets import list_buckets
from sandbox.clouds.store import CloudRefused
from sandbox.clouds.world import World
from sandbox.training.files import list_keys
from sandbox.training.order import Mount, Order, Record
from sandbox.training.surroundings import Verdict

SERVICE = "sagemaker.amazonaws.com"
PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")  # botocore: TrainingJobName
_CONSTRAINT = "ValidationException: 1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: "


def refuse(world: World, asked: dict[str, Any]) -> None:
    """Raise CloudRefused with the API's own code for a request that CreateTrainingJob does not take."""
    _refuse_names(asked)
    _refuse_limits(asked)
    role = str(asked.get("RoleArn"))
    if not roles.role_trusts(world, role, SERVICE):
        raise CloudRefused(
            f"ValidationException: Could not assume role {role}. Please ensure that the role exists and allows "
            f"principal '{SERVICE}' to assume the role."
        )


def _refuse_names(asked: dict[str, Any]) -> None:
    name, kind = str(asked.get("TrainingJobName", "")), str(asked["ResourceConfig"].get("InstanceType", ""))
    if not _NAME.fullmatch(name):
        told = "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
        raise CloudRefused(_CONSTRAINT.format(name, "trainingJobName") + told)
    if kind not in TYPES:
        told = f"Member must satisfy enum value set: [{', '.join(sorted(TYPES)[:8])}, ...]"
        raise CloudRefused(_CONSTRAINT.format(kind, "resourceConfig.instanceType") + told)


def _refuse_limits(asked: dict[str, Any]) -> None:
    limits, spot = asked.get("StoppingCondition", {}), bool(asked.get("EnableManagedSpotTraining"))
    wait, longest = limits.get("MaxWaitTimeInSeconds"), limits.get("MaxRuntimeInSeconds", 86_400)
    if wait is not None and not spot:
        raise CloudRefused(
            "ValidationException: Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is "
            "set to true"
        )
    if spot and (wait is None or wait < longest):
        raise CloudRefused(
            "ValidationException: Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
            "MaxRuntimeInSeconds"
        )


def judge(world: World, record: Record) -> Verdict:
    """What becomes of a job that has got its machine: image and data are fetched as its role."""
    order, role = record.order, str(record.request["RoleArn"])
    if not roles.role_trusts(world, role, SERVICE):
        return Verdict(f"ClientError: Could not assume role {role}.")
    if failed := _pull(world, order, role):
        return Verdict(failed)
    for mount in order.mounts:
        if failed := _fetch(world, mount, role):
            return Verdict(failed)
    saved = [mount for mount in order.mounts if mount.saved]
    buckets = {bucket.name for bucket in list_buckets(world) if bucket.cloud == "aws"}
    if lost := [mount for mount in saved if mount.bucket not in buckets]:
        return Verdict(unsaved=f"ClientError: Artifact upload failed: NoSuchBucket (404): {lost[0].bucket}")
    lacking = [mount for mount in saved if not _allows(world, role, "s3:PutObject", mount)]
    return Verdict(unsaved=_tell_unsaved(role, lacking[0]) if lacking else "")


def _pull(world: World, order: Order, role: str) -> str:
    digest = world.images.digest_of(order.image)
    host, _, path = order.image.partition("/")
    region = host.split(".")[3] if host.count(".") >= 5 else ""
    account = host.partition(".")[0]
    repository = f"arn:aws:ecr:{region}:{account}:repository/{path.partition('@')[0].partition(':')[0]}"
    may = all(roles.role_allows(world, role, action, repository) for action in PULL)
    if digest and may:
        return ""
    name = path.partition("@")[0]
    return (
        f"ClientError: Cannot find repository: {name} in registry ID: {account} Please check if your ECR repository "
        f"and image exist and role {role} has proper pull permissions for SageMaker: {', '.join(PULL)}"
    )


def _fetch(world: World, mount: Mount, role: str) -> str:
    """Why a channel cannot be downloaded. Checkpoints of a first start need not be there."""
    if not _allows(world, role, "s3:GetObject", mount) or not _may_list(world, role, mount):
        return (
            f"ClientError: Data download failed:Access denied (403). Please ensure that the role {role} has "
            f"s3:ListBucket and s3:GetObject on s3://{mount.bucket}/{mount.key}"
        )
    if not mount.saved and not list_keys(world.objects, mount):
        return (
            f'ClientError: Data download failed:No S3 objects found under S3 URL "s3://{mount.bucket}/{mount.key}" '
            "given in input data source. Please ensure that the bucket exists in the selected region, that objects "
            f'exist under that S3 prefix, and that the role "{role}" has "s3:ListBucket" permissions on bucket '
            f'"{mount.bucket}".'
        )
    return ""


def _allows(world: World, role: str, action: str, mount: Mount) -> bool:
    if mount.saved == "end" and action == "s3:GetObject":
        return True  # nothing of it is read
    below = f"{mount.key}/" if mount.saved else mount.key  # a folder is written, so a grant of all below it is enough
    return roles.role_allows(world, role, action, f"arn:aws:s3:::{mount.bucket}/{below}")


def _may_list(world: World, role: str, mount: Mount) -> bool:
    return mount.saved == "end" or roles.role_allows(world, role, "s3:ListBucket", f"arn:aws:s3:::{mount.bucket}")


def _tell_unsaved(role: str, mount: Mount) -> str:
    return (
        f"ClientError: Artifact upload failed: S3 Access Denied (403): {role} is not authorized to perform: "
        f"s3:PutObject on s3://{mount.bucket}/{mount.key}"
    )
