"""What carries an audit log to S3: a log group's subscription, a Firehose stream, and the lock of a bucket."""

from __future__ import annotations

from sandbox.clouds.aws.common import arn, own_name
from sandbox.clouds.aws.roles import LOG_GROUP, role_allows, role_trusts
from sandbox.clouds.buckets import S3_BUCKET
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.references import exists
from sandbox.clouds.retention import S3_LOCK, S3_VERSIONING
from sandbox.clouds.rules import ID, OneOf, Range, Text, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, nested, stable_hex
from sandbox.clouds.world import World

STREAM = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
SUBSCRIPTION = "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter"

_STREAM_NAME = Text(64, r"[a-zA-Z0-9_.-]+", "Firehose API, DeliveryStreamName")
_FILTER_NAME = Text(512, r"[^:*]+", "CloudWatch Logs API, FilterName")
_MODE = OneOf(
    ("GOVERNANCE", "COMPLIANCE"),
    "botocore: s3 PutObjectLockConfiguration ObjectLockConfiguration.Rule.DefaultRetention.Mode",
)
_STATUS = OneOf(("Enabled", "Suspended", "Disabled"), "pulumi-aws, BucketVersioning; Disabled before the first Enabled")


def _of_bucket(world: World, r: Resource) -> str:
    bucket = str(r.inputs.get("bucket"))
    world.store.require(S3_BUCKET, bucket, f"NoSuchBucket: The specified bucket does not exist: {bucket}")
    return bucket


def keeps_versions(world: World, bucket: Resource) -> bool:
    """Whether what is written over in a bucket is kept: Object Lock turns that on with it."""
    said = [
        nested(one.inputs, "versioningConfiguration", "status")
        for one in world.store.all(S3_VERSIONING)
        if one.inputs.get("bucket") == bucket.id
    ]
    return "Enabled" in said or bool(bucket.inputs.get("objectLockEnabled"))


def _lock_needs_versions(world: World, r: Resource) -> None:
    """A bucket without versions takes no lock: S3 API, PutObjectLockConfiguration, InvalidBucketState."""
    bucket = world.store.find(S3_BUCKET, r.inputs.get("bucket"))
    if bucket is not None and not keeps_versions(world, bucket):
        raise CloudRefused(
            "InvalidBucketState: Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
            hint='a BucketVersioning with status="Enabled" that the lock depends on',
        )


def _role_assumed(world: World, r: Resource) -> None:
    """Firehose may assume the role that it writes with: Firehose API, CreateDeliveryStream."""
    role = nested(r.inputs, "extendedS3Configuration", "roleArn")
    if not role_trusts(world, role, "firehose.amazonaws.com"):
        raise CloudRefused(
            f"InvalidArgumentException: Firehose is unable to assume role {role}. Please check the role provided.",
            hint='let its trust policy name "Service": "firehose.amazonaws.com"',
        )


def _test_message_arrives(world: World, r: Resource) -> None:
    """CloudWatch Logs may put records into the stream: CloudWatch Logs API, PutSubscriptionFilter."""
    role, stream = r.inputs.get("roleArn"), str(r.inputs.get("destinationArn"))
    found = world.store.find(STREAM, stream)
    sends = role_trusts(world, role, "logs.amazonaws.com") and role_allows(world, role, "firehose:PutRecord", stream)
    if found is None or not sends:
        raise CloudRefused(
            "InvalidParameterException: Could not deliver test message to specified Firehose stream. Check if the "
            "given Firehose stream is in ACTIVE state.",
            hint=f"a role that logs.amazonaws.com assumes and that allows firehose:PutRecord on {stream}",
        )


_log_group_exists = exists(
    "logGroup",
    LOG_GROUP,
    "ResourceNotFoundException: The specified log group does not exist: {}",
    "CloudWatch Logs API, PutSubscriptionFilter",
)
_bucket_exists = exists(
    "extendedS3Configuration.bucketArn",
    S3_BUCKET,
    "InvalidArgumentException: The specified bucket {} does not exist",
    "Firehose API, CreateDeliveryStream",
)


def _stream_outputs(world: World, r: Resource) -> Values:
    return {"arn": r.id, "name": own_name(r), "destinationId": "destinationId-000000000001", "versionId": "1"}


declare(
    S3_VERSIONING,
    fidelity=Fidelity.SIMULATED,
    effect="a bucket can be put under Object Lock",
    not_simulated="the versions themselves: what is written over in a bucket without a lock is gone",
    id_of=_of_bucket,
    limits={"versioningConfiguration.status": _STATUS},
    forces_new=because(ID, "bucket"),
)
declare(
    S3_LOCK,
    fidelity=Fidelity.SIMULATED,
    effect="no version of an object is deleted in its days, which are real ones, and its bucket neither",
    not_simulated="legal holds, retention of single objects, bypassing GOVERNANCE",
    id_of=_of_bucket,
    rules=(_lock_needs_versions,),
    limits={"rule.defaultRetention.mode": _MODE},
    forces_new=because(ID, "bucket"),
)
declare(
    STREAM,
    fidelity=Fidelity.SIMULATED,
    effect="gathers records for its buffering interval, of simulated time, and writes them to its bucket as one object",
    not_simulated="other destinations, records delivered twice or out of order, encryption, processors: records are "
    "lines as after Decompression, CloudWatchLogProcessing and AppendDelimiterToRecord",
    id_of=lambda world, r: arn("firehose", r, f"deliverystream/{own_name(r)}"),
    outputs=_stream_outputs,
    rules=(_role_assumed, _bucket_exists),
    illness=("a role that may not write to the bucket: nothing arrives",),
    limits={
        "name": _STREAM_NAME,
        "extendedS3Configuration.bufferingInterval": Range(0, 900, "Firehose API, BufferingHints.IntervalInSeconds"),
        "extendedS3Configuration.bufferingSize": Range(1, 128, "Firehose API, BufferingHints.SizeInMBs"),
    },
    forces_new=because(ID, "name"),
)
declare(
    SUBSCRIPTION,
    fidelity=Fidelity.SIMULATED,
    effect="lines that match its filter go from its log group to the stream",
    not_simulated='every filter but "" and one field that is there: { $.field = "*" }',
    id_of=lambda world, r: f"cwlsf-{stable_hex(str(r.inputs.get('logGroup')), own_name(r), length=10)}",
    outputs=lambda world, r: {"name": own_name(r)},
    rules=(_log_group_exists, _test_message_arrives),
    illness=("a filter that matches nothing: nothing arrives",),
    limits={"name": _FILTER_NAME},
    forces_new=because(ID, "logGroup", "name"),
)
