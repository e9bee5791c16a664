"""Google Cloud: everybody may read objects by name, and the API is on before the bucket is made."""

from __future__ import annotations

from tests.infra.harness import run_stack


def test_objects_are_read_and_not_listed() -> None:
    run = run_stack("base-gcp")
    member = run.one("gcp:storage/bucketIAMMember:BucketIAMMember").inputs
    assert (member["role"], member["member"]) == ("roles/storage.legacyObjectReader", "allUsers")
    bucket = run.one("gcp:storage/bucket:Bucket")
    assert bucket.inputs["uniformBucketLevelAccess"] is True
    assert bucket.options["dependsOn"] == ["gcp:projects/service:Service::storage"]
