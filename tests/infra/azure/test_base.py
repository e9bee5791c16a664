"""Azure: one container whose blobs everybody may read, in an account that the checkers can speak to."""

from __future__ import annotations

from tests.infra.harness import run_stack

LOCK = "azure-native:authorization:ManagementLockAtResourceGroupLevel"


def test_blobs_are_read_and_not_listed() -> None:
    run = run_stack("base-azure")
    assert run.one("azure-native:storage:BlobContainer").inputs["publicAccess"] == "Blob"
    account = run.one("azure-native:storage:StorageAccount").inputs
    assert account["allowBlobPublicAccess"] and account["enableHttpsTrafficOnly"]
    assert account["minimumTlsVersion"] == "TLS1_2", "Route 53's checkers speak no newer one"


def test_a_protected_group_is_locked() -> None:
    assert run_stack("base-azure", protect=True).one(LOCK).inputs["level"] == "CanNotDelete"
    assert not run_stack("base-azure").all(LOCK)
