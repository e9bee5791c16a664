"""The audit store on AWS: a bucket under Object Lock that Firehose alone writes to, and a site's log sent there."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from infra.applied import apply
from infra.audit import AWS_FILTER, AWS_PREFIX, FIREHOSE_MEGABYTES, FIREHOSE_SECONDS, AuditStore
from infra.aws.buckets import close_bucket, render_policy
from infra.settings.kinds import BaseSettings

NAME = "audit"


def make_audit(settings: BaseSettings) -> pulumi.Output[AuditStore]:
    """The bucket, and what carries records to it; known once a site's log can be sent there."""
    bucket, ready = _bucket(settings)
    name = f"outlast-{settings.name}-{NAME}"
    carrier, may_write = _role(f"{name}-carrier", "firehose", _writing(bucket.arn))
    stream = aws.kinesis.FirehoseDeliveryStream(
        NAME,
        name=name,
        destination="extended_s3",
        extended_s3_configuration=_extended_s3(bucket.arn, carrier.arn),
        # An object that was written before the lock was there is held by nothing.
        opts=pulumi.ResourceOptions(depends_on=[may_write, *ready]),
    )
    sender, may_send = _role(f"{name}-sender", "logs", _sending(stream.arn))
    known: pulumi.Output[list[str]] = pulumi.Output.all(stream.arn, sender.arn, may_send.id)
    return apply(
        known,
        lambda found: AuditStore(
            settings.name,
            "aws",
            settings.region,
            settings.audit_store,
            settings.audit_days,
            locked=True,
            target=found[0],
            role=found[1],
        ),
    )


def send_log(log_group: pulumi.Output[str], audit: pulumi.Output[AuditStore]) -> pulumi.Resource:
    """Every audit record that a site's tasks write goes to the store; what else they print does not."""
    sent: pulumi.Resource = aws.cloudwatch.LogSubscriptionFilter(
        NAME,
        name=NAME,
        log_group=log_group,
        filter_pattern=AWS_FILTER,
        destination_arn=apply(audit, lambda store: store.target),
        role_arn=apply(audit, lambda store: store.role),
    )
    return sent


def _bucket(settings: BaseSettings) -> tuple[aws.s3.Bucket, Sequence[pulumi.Resource]]:
    """The bucket, and what has to be there before anything is written to it."""
    bucket = aws.s3.Bucket(
        NAME,
        bucket=settings.audit_store,
        object_lock_enabled=True,
        # Never emptied by us: whoever could would hold a permission to delete records.
        force_destroy=False,
        opts=pulumi.ResourceOptions(protect=settings.protect),
    )
    versioning = aws.s3.BucketVersioning(
        NAME,
        bucket=bucket.bucket,
        versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
    )
    # In the mode COMPLIANCE nobody shortens it, the account's root user included (S3 user guide, Object Lock).
    held = aws.s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs(mode="COMPLIANCE", days=settings.audit_days)
    lock = aws.s3.BucketObjectLockConfiguration(
        NAME,
        bucket=bucket.bucket,
        rule=aws.s3.BucketObjectLockConfigurationRuleArgs(default_retention=held),
        opts=pulumi.ResourceOptions(depends_on=[versioning]),
    )
    return bucket, [lock, close_bucket(NAME, bucket)]


def _extended_s3(
    bucket: pulumi.Output[str], role: pulumi.Output[str]
) -> aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationArgs:
    return aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationArgs(
        bucket_arn=bucket,
        role_arn=role,
        prefix=AWS_PREFIX,
        error_output_prefix="errors/",
        buffering_interval=FIREHOSE_SECONDS,
        buffering_size=FIREHOSE_MEGABYTES,
        compression_format="UNCOMPRESSED",
        processing_configuration=_unpacked(),
    )


def _unpacked() -> aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationArgs:
    """CloudWatch Logs sends gzip around an envelope around the records: the object is to hold a record a line.

    Firehose API, ProcessorType; "Decompress CloudWatch Logs" in the developer guide.
    """
    processors = [
        _processor("Decompression", "CompressionFormat", "GZIP"),
        _processor("CloudWatchLogProcessing", "DataMessageExtraction", "true"),
        _processor("AppendDelimiterToRecord", "Delimiter", "\\n"),
    ]
    return aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationArgs(
        enabled=True, processors=processors
    )


def _processor(
    type_: str, name: str, value: str
) -> aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorArgs:
    parameter = aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorParameterArgs(
        parameter_name=name, parameter_value=value
    )
    return aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorArgs(
        type=type_, parameters=[parameter]
    )


def _role(name: str, service: str, policy: pulumi.Output[str]) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
    """A role that one service of AWS assumes, and the one thing that it may do."""
    short = name.rpartition("-")[2]
    role = aws.iam.Role(
        f"{NAME}-{short}",
        name=name,
        assume_role_policy=_trust(service),
    )
    return role, aws.iam.RolePolicy(f"{NAME}-{short}", role=role.id, policy=policy)


def _trust(service: str) -> str:
    trusted = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [trusted]})


def _writing(bucket: pulumi.Output[str]) -> pulumi.Output[str]:
    """What Firehose asks for to deliver to a bucket, and no delete ("Controlling access", its developer guide)."""
    objects = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
    listed = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
    return render_policy(
        {"Effect": "Allow", "Action": objects, "Resource": pulumi.Output.concat(bucket, "/*")},
        {"Effect": "Allow", "Action": listed, "Resource": bucket},
    )


def _sending(stream: pulumi.Output[str]) -> pulumi.Output[str]:
    return render_policy(
        {"Effect": "Allow", "Action": ["firehose:PutRecord", "firehose:PutRecordBatch"], "Resource": stream}
    )
