"""A store of drain switches in S3: a bucket of which anybody may read what is under `flags/`, and nobody may list."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from infra.settings.kinds import BaseSettings
from infra.switch import FLAGS


def make_store(settings: BaseSettings) -> Sequence[pulumi.CustomResource]:
    """Everything that has to be there before a checker can look."""
    bucket = aws.s3.Bucket(
        "store",
        bucket=settings.store,
        # Whoever may delete the store means the switches in it as well.
        force_destroy=not settings.protect,
        opts=pulumi.ResourceOptions(protect=settings.protect),
    )
    block = aws.s3.BucketPublicAccessBlock(
        "store",
        bucket=bucket.bucket,
        block_public_acls=True,
        ignore_public_acls=True,
        # Route 53's checkers have no credentials: the policy below lets them read this one part.
        block_public_policy=False,
        restrict_public_buckets=False,
    )
    policy = aws.s3.BucketPolicy(
        "flags",
        bucket=bucket.bucket,
        policy=json.dumps(_policy(settings.store)),
        opts=pulumi.ResourceOptions(depends_on=[block]),
    )
    return [bucket, policy]


def _policy(bucket: str) -> dict[str, object]:
    """Read, and not list: for an object that is missing S3 then answers 403, which is as good as 404."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ReadSwitches",
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{bucket}/{FLAGS}/*",
            }
        ],
    }
