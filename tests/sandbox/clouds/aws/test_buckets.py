"""S3: what opens a bucket, and what keeps it from being deleted."""

from __future__ import annotations

import json

import pytest

from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds
from tests.sandbox.clouds.stores import BLOCK, BUCKET, POLICY, S3_BUCKET, make_s3, policy_text


def test_a_policy_for_everybody_is_refused_until_the_bucket_allows_it(clouds: Clouds) -> None:
    make_s3(clouds, public=False)
    with pytest.raises(CloudRefused, match="blocked by the BlockPublicPolicy block public access setting"):
        clouds.make(POLICY, stack="base-aws", bucket=S3_BUCKET, policy=policy_text())
    clouds.make(BLOCK, stack="base-aws", bucket=S3_BUCKET, blockPublicPolicy=False)
    clouds.make(POLICY, stack="base-aws", bucket=S3_BUCKET, policy=policy_text())


def test_a_bucket_with_objects_stays_unless_the_program_forces_it(clouds: Clouds) -> None:
    bucket = make_s3(clouds)
    clouds.world.objects.change(f"{S3_BUCKET}/flags/gcp.drain", b"", lambda there: True)
    with pytest.raises(CloudRefused, match="BucketNotEmpty"):
        clouds.delete(bucket)
    clouds.change(bucket, forceDestroy=True)
    clouds.delete(bucket)
    assert not clouds.world.objects.holds(S3_BUCKET)


def test_a_name_is_taken_once_and_what_is_no_name_is_refused(clouds: Clouds) -> None:
    make_s3(clouds)
    with pytest.raises(CloudRefused, match="AlreadyExists"):
        clouds.make(BUCKET, "two", stack="other", bucket=S3_BUCKET)
    request = clouds.request(BUCKET, "three", {"bucket": "Not_A_Bucket"}, stack="other")
    assert clouds.clouds.check(request)


def test_a_policy_of_no_bucket_is_refused(clouds: Clouds) -> None:
    with pytest.raises(CloudRefused, match="NoSuchBucket"):
        clouds.make(POLICY, stack="base-aws", bucket="gone", policy=policy_text())


def test_a_policy_that_denies_everybody_is_not_public(clouds: Clouds) -> None:
    made = make_s3(clouds, public=False)
    only_tls = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"{made.outputs['arn']}/*"}
    clouds.make(POLICY, stack="base-aws", bucket=made.id, policy=json.dumps({"Statement": [only_tls]}))
    assert clouds.only(POLICY)


BALANCER = "aws:lb/loadBalancer:LoadBalancer"
DELIVERY = {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}


def asked_for_logs(clouds: Clouds, bucket: str) -> str:
    """What is said to a load balancer that is to write into that bucket; "" where it may."""
    balancer = clouds.only(BALANCER)
    inputs = {**balancer.inputs, "accessLogs": {"bucket": bucket, "enabled": True}}
    try:
        clouds.clouds.update(clouds.request(BALANCER, balancer.name, inputs, stack="aws", id=balancer.id))
    except CloudRefused as refused:
        return refused.what
    return ""


def test_a_load_balancer_writes_only_where_the_log_delivery_service_may(clouds: Clouds) -> None:
    sites.aws_site(clouds)
    assert "The specified bucket does not exist: lines" in asked_for_logs(clouds, "lines")
    made = clouds.make(BUCKET, bucketPrefix="site-alb-")
    assert made.id.startswith("site-alb-")
    assert f"Access Denied for bucket: {made.id}" in asked_for_logs(clouds, made.id)
    deliver = {
        "Effect": "Allow",
        "Principal": DELIVERY,
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{made.id}/*",
    }
    clouds.make(POLICY, bucket=made.id, policy=json.dumps({"Statement": [deliver]}))
    assert asked_for_logs(clouds, made.id) == ""


def test_the_bucket_of_access_logs_lies_in_the_load_balancers_region(clouds: Clouds) -> None:
    sites.aws_site(clouds)
    elsewhere = clouds.make(BUCKET, bucket="site-alb-elsewhere", region="eu-west-1")
    assert "is not in the region us-east-1" in asked_for_logs(clouds, elsewhere.id)
