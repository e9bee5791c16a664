"""A log bucket that is locked keeps its days; both types need the API."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.clouds.gcp.audit import SINK
from sandbox.clouds.retention import LOG_BUCKET
from sandbox.clouds.store import CloudRefused, Resource
from tests.sandbox.clouds import stores
from tests.sandbox.clouds.audits import make_gcp
from tests.sandbox.clouds.harness import Clouds


def change(clouds: Clouds, bucket: Resource, **inputs: Any) -> None:
    asked = clouds.request(bucket.type, bucket.name, {**bucket.inputs, **inputs}, stack="base-gcp", id=bucket.id)
    clouds.clouds.update(asked)


@pytest.mark.parametrize("changed", [{"retentionDays": 7}, {"retentionDays": 60}, {"locked": False}])
def test_a_locked_bucket_keeps_its_days_and_its_lock(clouds: Clouds, changed: dict[str, Any]) -> None:
    make_gcp(clouds)
    bucket = clouds.only(LOG_BUCKET)
    with pytest.raises(CloudRefused, match="The retention period on a locked bucket cannot be changed"):
        change(clouds, bucket, **changed)
    change(clouds, bucket, description="of the sites")


def test_neither_is_made_before_its_api_is_on(clouds: Clouds) -> None:
    made = make_gcp(clouds)
    clouds.delete(clouds.only(stores.API, "logging"))
    bucket = clouds.only(LOG_BUCKET)
    with pytest.raises(CloudRefused, match=r"logging\.googleapis\.com has not been used"):
        clouds.make(LOG_BUCKET, "late", **{**bucket.inputs, "bucketId": "late"})
    with pytest.raises(CloudRefused, match=r"logging\.googleapis\.com has not been used"):
        clouds.make(SINK, "late", **{**made.request.inputs, "name": "late"})
