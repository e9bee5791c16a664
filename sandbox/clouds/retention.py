"""What nobody may delete yet: objects of a bucket under Object Lock, of an immutable container, of a locked log bucket.

Days are real ones, counted from the last write of an object's file: the simulated clock has no calendar.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from sandbox.clouds.values import nested
from sandbox.clouds.world import World

if TYPE_CHECKING:
    from sandbox.clouds.store import Resource

S3_VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
S3_LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
IMMUTABLE = "azure-native:storage:BlobContainerImmutabilityPolicy"
LOG_BUCKET = "gcp:logging/projectBucketConfig:ProjectBucketConfig"
LOGGING_HOST = "logging.googleapis.com"


def log_folder(path: str) -> str:
    """Where the entries of a log bucket lie among the objects, from `projects/P/locations/L/buckets/B`."""
    _, project, _, location, _, bucket = path.split("/")
    return f"{LOGGING_HOST}/{project}/{location}/{bucket}"


def days_of(world: World, bucket: str) -> int:
    """For how many days an object of that bucket (S3) or container (`account/container`) is held; 0: not at all."""
    days = [_days(one, bucket) for type_ in (S3_LOCK, IMMUTABLE) for one in world.store.all(type_)]
    return max(days, default=0)


def _days(holder: Resource, bucket: str) -> int:
    inputs = holder.inputs
    if holder.type == S3_LOCK:
        retention = nested(inputs, "rule", "defaultRetention") or {}
        days = retention.get("days") or 365 * (retention.get("years") or 0)
        return int(days) if inputs.get("bucket") == bucket else 0
    held = f"{inputs.get('accountName')}/{inputs.get('containerName')}" == bucket
    return int(inputs.get("immutabilityPeriodSinceCreationInDays") or 0) if held else 0


def is_held(world: World, bucket: str, key: str) -> bool:
    """Whether the days of an object are not over."""
    days, written = days_of(world, bucket), world.objects.written_at(f"{bucket}/{key}")
    return bool(days) and written is not None and _end(written, days) > _now()


def hold_on(world: World, bucket: str, days: int) -> str:
    """What keeps a bucket from being deleted, with the day on which nothing does any longer; "" where nothing does."""
    written = [at for name in world.objects.names(bucket) if (at := world.objects.written_at(name)) is not None]
    if not days or not written or _end(max(written), days) <= _now():
        return ""
    many = f"{len(written)} object{'s' if len(written) > 1 else ''}"
    until = f"{_end(max(written), days):%Y-%m-%d}"
    return f"{bucket} holds {many} that nobody may delete yet: it can be deleted from {until} on"


def _end(written: float, days: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(written, datetime.UTC) + datetime.timedelta(days=days)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
