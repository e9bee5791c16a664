"""A key of one's own on Azure: read by an identity that no job has, of the account and of the workspace."""

from __future__ import annotations

from collections.abc import Callable

from infra.azure.training_key import USE_KEYS, read_key
from tests.infra.harness import Run, run_stack

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/keys"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-keys"
KEY = f"{VAULT}/keys/models/versions/{'a' * 32}"
ACCOUNT = "azure-native:storage:StorageAccount"
WORKSPACE = "azure-native:machinelearningservices:Workspace"
IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"


def test_a_key_is_read_by_its_parts() -> None:
    key = read_key(KEY)
    assert (key.vault, key.name) == (VAULT, "models")
    assert key.address == f"https://kv-keys.vault.azure.net/keys/models/{'a' * 32}"


def test_account_and_workspace_lie_under_the_key() -> None:
    run = run_stack("training-azure", kmsKey=KEY)
    account, workspace = run.one(ACCOUNT).inputs, run.one(WORKSPACE).inputs
    encryption = account["encryption"]
    assert (encryption["keySource"], encryption["keyVaultProperties"]["keyName"]) == ("Microsoft.Keyvault", "models")
    assert account["identity"]["userAssignedIdentities"] == ["key-id"]
    assert workspace["encryption"]["keyVaultProperties"]["keyIdentifier"] == read_key(KEY).address
    assert workspace["enableServiceSideCMKEncryption"] is True
    assert run.outputs["kmsKeyId"] == KEY
    assert not run.problems


def test_the_key_is_used_by_an_identity_that_no_job_has() -> None:
    run = run_stack("training-azure", kmsKey=KEY)
    may = run.one("azure-native:authorization:RoleAssignment", "may-use-key").inputs
    assert may["scope"] == VAULT and may["roleDefinitionId"].endswith(USE_KEYS)
    assert run.one(IDENTITY, "key").inputs["resourceName"] == "outlast-training-azure-key"
    assert run.one(WORKSPACE).inputs["identity"]["userAssignedIdentities"] == ["job-id"]


def test_without_one_nothing_of_it_is_there(run_of: Callable[[str], Run]) -> None:
    run = run_of("training-azure")
    assert "encryption" not in run.one(ACCOUNT).inputs and "encryption" not in run.one(WORKSPACE).inputs
    assert set(run.all(IDENTITY)) == {"job"}
