"""Azure: one container whose blobs everybody may read, in an account that the checkers can speak to."""

from __future__ import annotations

import pytest

from tests.infra.harness import BASES, run_stack

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


@pytest.mark.parametrize(("region", "sku"), [("westeurope", "Standard_ZRS"), ("westus", "Standard_LRS")])
def test_a_store_lies_in_several_zones_where_the_region_has_them(
    monkeypatch: pytest.MonkeyPatch, region: str, sku: str
) -> None:
    monkeypatch.setitem(BASES["base-azure"], "azure-native:location", region)
    assert run_stack("base-azure").one("azure-native:storage:StorageAccount").inputs["sku"] == {"name": sku}
