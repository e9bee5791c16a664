"""Firehose and CloudWatch Logs refuse roles that they cannot use; Object Lock asks for versions."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.clouds.aws.audit import STREAM, SUBSCRIPTION, keeps_versions
from sandbox.clouds.retention import S3_LOCK
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds import sites, stores
from tests.sandbox.clouds.audits import RECORDS, ROLE, ROLE_POLICY, make_aws
from tests.sandbox.clouds.harness import Clouds


def test_a_stream_needs_a_role_that_firehose_may_assume_and_a_bucket(clouds: Clouds) -> None:
    make_aws(clouds)
    target = dict(clouds.only(STREAM).inputs["extendedS3Configuration"])
    stream = {"destination": "extended_s3", "extendedS3Configuration": {**target, "bucketArn": "arn:aws:s3:::nowhere"}}
    with pytest.raises(CloudRefused, match="The specified bucket arn:aws:s3:::nowhere does not exist"):
        clouds.make(STREAM, "late", name="late", **stream)
    clouds.only(ROLE, "carrier").inputs["assumeRolePolicy"] = sites.trust()
    with pytest.raises(CloudRefused, match="Firehose is unable to assume role"):
        clouds.make(STREAM, "late", name="late", destination="extended_s3", extendedS3Configuration=target)


@pytest.mark.parametrize(
    ("type_", "changed"),
    [(ROLE, {"assumeRolePolicy": sites.trust()}), (ROLE_POLICY, {"policy": "{}"})],
)
def test_a_subscription_needs_a_role_that_may_send(clouds: Clouds, type_: str, changed: dict[str, Any]) -> None:
    made = make_aws(clouds)
    clouds.only(type_, "sender").inputs.update(changed)
    with pytest.raises(CloudRefused, match="Could not deliver test message"):
        clouds.redeploy(made)


def test_a_subscription_is_one_of_a_log_group_that_exists(clouds: Clouds) -> None:
    made = make_aws(clouds)
    with pytest.raises(CloudRefused, match="The specified log group does not exist: /nowhere"):
        clouds.make(SUBSCRIPTION, "late", **{**made.request.inputs, "logGroup": "/nowhere"})


def test_a_bucket_without_versions_takes_no_lock(clouds: Clouds) -> None:
    plain = stores.make_s3(clouds)
    rule = {"defaultRetention": {"mode": "COMPLIANCE", "days": 1}}
    with pytest.raises(CloudRefused, match="Versioning must be 'Enabled'"):
        clouds.make(S3_LOCK, bucket=plain.id, rule=rule)
    make_aws(clouds)
    locked = next(one for one in clouds.world.store.all(stores.BUCKET) if one.id == RECORDS)
    assert keeps_versions(clouds.world, locked)
