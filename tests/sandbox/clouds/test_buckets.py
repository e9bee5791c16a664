"""Buckets of all three clouds: where each is read, and by whom."""

from __future__ import annotations

import pytest

from sandbox.clouds.buckets import Bucket, find_bucket, list_buckets
from tests.sandbox.clouds.harness import Clouds
from tests.sandbox.clouds.stores import AZURE_CONTAINER, GCS_BUCKET, S3_BUCKET, make_stores


@pytest.fixture
def buckets(clouds: Clouds) -> dict[str, Bucket]:
    make_stores(clouds)
    return {bucket.cloud: bucket for bucket in list_buckets(clouds.world)}


def test_each_cloud_serves_a_bucket_at_a_host_of_its_own_form(buckets: dict[str, Bucket]) -> None:
    assert {cloud: (b.host, b.path) for cloud, b in buckets.items()} == {
        "aws": (f"{S3_BUCKET}.s3.eu-west-1.amazonaws.com", "/"),
        "azure": (f"{AZURE_CONTAINER.partition('/')[0]}.blob.core.windows.net", "/flags/"),
        "gcp": ("storage.googleapis.com", f"/{GCS_BUCKET}/"),
    }


def test_everybody_may_read_the_switches_and_in_s3_nothing_else(buckets: dict[str, Bucket]) -> None:
    assert all(bucket.may_read("flags/aws.drain") for bucket in buckets.values())
    assert not buckets["aws"].may_read("secrets/key")


def test_a_request_finds_its_bucket_and_the_key_in_it(buckets: dict[str, Bucket]) -> None:
    every = buckets.values()
    gcs = find_bucket(every, "storage.googleapis.com", f"/{GCS_BUCKET}/flags/aws.drain")
    assert gcs == (buckets["gcp"], "flags/aws.drain")
    assert find_bucket(every, "storage.googleapis.com", "/other/flags/aws.drain") is None
    assert find_bucket(every, buckets["aws"].host, "/") is None, "nobody lists"


def test_what_is_not_opened_is_closed(clouds: Clouds) -> None:
    make_stores(clouds, public=False)
    assert not any(bucket.may_read("flags/aws.drain") for bucket in list_buckets(clouds.world))
