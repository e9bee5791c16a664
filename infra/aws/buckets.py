"""A bucket on AWS that nobody reads without credentials, and nobody without TLS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

Statement = Mapping[str, Any]


def close_bucket(name: str, bucket: aws.s3.Bucket, *allowed: Statement) -> aws.s3.BucketPolicy:
    """Block all public access of the bucket; its policy is what is `allowed`, and that nobody comes without TLS.

    The policy is made behind the block, so whoever waits for it waits for both.
    """
    block = aws.s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
    )
    only_tls = {
        "Sid": "OnlyTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket.arn, pulumi.Output.concat(bucket.arn, "/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return aws.s3.BucketPolicy(
        name,
        bucket=bucket.bucket,
        policy=render_policy(*allowed, only_tls),
        opts=pulumi.ResourceOptions(depends_on=[block]),
    )


def render_policy(*statements: Statement) -> pulumi.Output[str]:
    """A policy document of these statements, known once what they name is."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})
