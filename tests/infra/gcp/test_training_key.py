"""A key of one's own on Google Cloud: of the bucket, once the agents of both services may use it."""

from __future__ import annotations

from collections.abc import Callable

from infra.gcp.training_key import USE_KEY
from tests.infra.harness import Run, run_stack

KEY = "projects/outlast-sandbox/locations/us-central1/keyRings/ring/cryptoKeys/key"
BUCKET, MEMBER = "gcp:storage/bucket:Bucket", "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"


def test_the_bucket_waits_until_both_agents_may_use_the_key() -> None:
    run = run_stack("training-gcp", kmsKey=KEY)
    members = run.all(MEMBER)
    assert {r.inputs["member"] for r in members.values()} == {
        "serviceAccount:storage-agent",
        "serviceAccount:vertex-agent",
    }
    assert {(r.inputs["role"], r.inputs["cryptoKeyId"]) for r in members.values()} == {(USE_KEY, KEY)}
    bucket = run.one(BUCKET)
    assert bucket.inputs["encryption"] == {"defaultKmsKeyName": KEY}
    assert {f"{MEMBER}::{name}" for name in members} <= {*bucket.options["dependsOn"]}
    assert run.outputs["kmsKeyName"] == KEY
    assert not run.problems


def test_a_protected_bucket_is_protected_with_a_key_as_well() -> None:
    assert run_stack("training-gcp", kmsKey=KEY, protect=True).one(BUCKET).options["protect"] is True


def test_without_one_kms_is_not_even_switched_on(run_of: Callable[[str], Run]) -> None:
    run = run_of("training-gcp")
    assert not run.all(MEMBER) and "encryption" not in run.one(BUCKET).inputs
    assert "api-cloudkms" not in run.all("gcp:projects/service:Service")
