"""A bucket's settings are of a bucket that exists, and one for each kind."""

from __future__ import annotations

import pytest

from sandbox.clouds.aws.bucket_settings import ENCRYPTION, LIFECYCLE
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds.harness import Clouds
from tests.sandbox.clouds.stores import S3_BUCKET, make_s3

RULES = {
    LIFECYCLE: [{"id": "all", "status": "Enabled", "expiration": {"days": 1}}],
    ENCRYPTION: [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}],
}


@pytest.mark.parametrize("type_", RULES)
def test_they_have_the_buckets_name_for_an_id(clouds: Clouds, type_: str) -> None:
    make_s3(clouds, public=False)
    assert clouds.make(type_, bucket=S3_BUCKET, rules=RULES[type_]).id == S3_BUCKET
    with pytest.raises(CloudRefused, match="already exists"):
        clouds.make(type_, "other", bucket=S3_BUCKET, rules=RULES[type_])


@pytest.mark.parametrize("type_", RULES)
def test_a_bucket_that_is_not_there_is_refused(clouds: Clouds, type_: str) -> None:
    with pytest.raises(CloudRefused, match="NoSuchBucket"):
        clouds.make(type_, bucket="gone", rules=RULES[type_])
