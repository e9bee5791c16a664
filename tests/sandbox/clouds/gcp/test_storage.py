"""Cloud Storage: what opens a bucket, and what keeps it from being deleted."""

from __future__ import annotations

import pytest

from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds.harness import Clouds
from tests.sandbox.clouds.stores import GCS, GCS_BUCKET, MEMBER, make_gcs


def test_nobody_makes_a_bucket_before_its_api_is_on(clouds: Clouds) -> None:
    with pytest.raises(CloudRefused, match=r"storage\.googleapis\.com has not been used"):
        clouds.make(GCS, stack="base-gcp", name=GCS_BUCKET, location="europe-west1")


def test_everybody_is_refused_where_the_bucket_forbids_it(clouds: Clouds) -> None:
    make_gcs(clouds, public=False, publicAccessPrevention="enforced")
    with pytest.raises(CloudRefused, match="public access prevention is enforced"):
        clouds.make(MEMBER, stack="base-gcp", bucket=GCS_BUCKET, role="roles/storage.objectViewer", member="allUsers")


def test_a_bucket_with_objects_stays_unless_the_program_forces_it(clouds: Clouds) -> None:
    bucket = make_gcs(clouds)
    clouds.world.objects.change(f"{GCS_BUCKET}/flags/aws.drain", b"", lambda there: True)
    with pytest.raises(CloudRefused, match="not empty"):
        clouds.delete(bucket)
    clouds.change(bucket, forceDestroy=True)
    clouds.delete(bucket)
    assert not clouds.world.objects.holds(GCS_BUCKET)
