"""The bucket of access logs: the load balancer alone writes to it, and nobody reads it without credentials."""

from __future__ import annotations

import json

from tests.infra.conftest import RunOf
from tests.infra.harness import run_stack

BUCKET, POLICY = "aws:s3/bucket:Bucket", "aws:s3/bucketPolicy:BucketPolicy"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"


def test_load_balancers_of_this_account_may_write_below_their_own_prefix(run_of: RunOf) -> None:
    deliver, _ = json.loads(run_of("aws-production").one(POLICY).inputs["policy"])["Statement"]
    assert deliver["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert (deliver["Action"], deliver["Resource"]) == ("s3:PutObject", "arn:access-logs/AWSLogs/000000000000/*")
    assert deliver["Condition"] == {
        "ArnLike": {"aws:SourceArn": "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/*"}
    }


def test_the_load_balancer_writes_once_it_may(run_of: RunOf) -> None:
    bucket = run_of("aws-production").one(POLICY).inputs["bucket"]
    assert run_of("aws-production").one(BALANCER).inputs["accessLogs"] == {"bucket": bucket, "enabled": True}


def test_the_longest_site_name_leaves_room_for_a_bucket_of_its_own() -> None:
    run = run_stack("aws", accessLogs=True, prefix="o" * 28)
    assert len(run.one(BUCKET).inputs["bucketPrefix"]) <= 37


def test_a_small_site_has_none_unless_it_asks() -> None:
    run = run_stack("aws", accessLogs=None)
    assert not run.all(BUCKET) and "accessLogs" not in run.one(BALANCER).inputs
