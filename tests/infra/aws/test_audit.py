"""The audit store on AWS: written once by Firehose alone, and a site whose records go there before its tasks run."""

from __future__ import annotations

import functools
import json
from typing import Any

from infra.audit import AWS_FILTER
from tests.infra.harness import Run, audits, run_stack

ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"


@functools.cache
def base() -> Run:
    return run_stack("base-aws", auditRetentionDays=30, protect=True)


@functools.cache
def site() -> Run:
    return run_stack("aws", base="base-aws", stacks=audits())


def statements(run: Run, type_: str, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run.one(type_, name).inputs["policy"])["Statement"]
    return found


def test_the_store_is_exported_once_a_log_can_be_sent_there() -> None:
    run = base()
    assert run.problems == []
    assert run.outputs["audit"] == audits(beside=False)["base-aws"]["audit"]
    assert {name for _, name in run.waits["audit"]} >= {"audit", "audit-sender"}


def test_nobody_shortens_the_retention_or_empties_the_bucket() -> None:
    run = base()
    bucket = run.one("aws:s3/bucket:Bucket", "audit")
    assert bucket.inputs["objectLockEnabled"] and not bucket.inputs["forceDestroy"] and bucket.options["protect"]
    lock = run.one("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration")
    assert lock.inputs["rule"]["defaultRetention"] == {"mode": "COMPLIANCE", "days": 30}
    assert "aws:s3/bucketVersioning:BucketVersioning::audit" in lock.options["dependsOn"]


def test_nothing_is_carried_before_the_lock_is_there() -> None:
    stream = base().one("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream")
    waits = " ".join(stream.options["dependsOn"])
    assert "bucketObjectLockConfiguration" in waits and "bucketPolicy" in waits and "rolePolicy" in waits
    processors = stream.inputs["extendedS3Configuration"]["processingConfiguration"]["processors"]
    assert [one["type"] for one in processors] == [
        "Decompression",
        "CloudWatchLogProcessing",
        "AppendDelimiterToRecord",
    ]


def test_whoever_carries_records_may_what_firehose_asks_for_and_deletes_nothing() -> None:
    actions = {action for one in statements(base(), ROLE_POLICY, "audit-carrier") for action in one["Action"]}
    # Amazon Data Firehose Developer Guide, "Controlling access": an S3 destination.
    objects = {"s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"}
    assert actions == objects | {"s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"}
    sender = {action for one in statements(base(), ROLE_POLICY, "audit-sender") for action in one["Action"]}
    assert sender == {"firehose:PutRecord", "firehose:PutRecordBatch"}


def test_nobody_reads_without_credentials_or_without_tls() -> None:
    block = base().one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "audit").inputs
    switches = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    assert all(block[switch] for switch in switches)
    (statement,) = statements(base(), "aws:s3/bucketPolicy:BucketPolicy", "audit")
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_sites_records_go_to_its_base_stack_before_its_tasks_run() -> None:
    run = site()
    assert run.problems == []
    sent = run.one("aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter").inputs
    assert (sent["destinationArn"], sent["roleArn"]) == ("arn:audit", "arn:audit-sender")
    assert sent["filterPattern"] == AWS_FILTER
    service = run.one("aws:ecs/service:Service")
    assert "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter::audit" in service.options["dependsOn"]
