"""A workspace is made of an account and a vault that are there, and knows the identities of its jobs."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.clouds.azure.workspaces import LIFECYCLE, ML_WORKSPACE, VAULT
from sandbox.clouds.store import CloudRefused
from sandbox.clouds.values import SUBSCRIPTION
from tests.sandbox.clouds.harness import Clouds, Made
from tests.sandbox.clouds.stores import make_azure

WHERE = {"resourceGroupName": "switches"}
SKU = {"family": "A", "name": "standard"}


def make_vault(clouds: Clouds, name: str = "kv-models") -> Made:
    make_azure(clouds, public=False)
    properties = {"tenantId": "t", "sku": SKU, "softDeleteRetentionInDays": 7}
    return clouds.make(VAULT, stack="training", **WHERE, vaultName=name, properties=properties)


def make_workspace(clouds: Clouds, vault: str, **changed: Any) -> Made:
    identity = clouds.make(
        "azure-native:managedidentity:UserAssignedIdentity", stack="training", **WHERE, resourceName="outlast-job"
    )
    account = clouds.only("azure-native:storage:StorageAccount")
    given = {
        "workspaceName": "outlast-training",
        "storageAccount": account.id,
        "keyVault": vault,
        "identity": {"type": "SystemAssigned,UserAssigned", "userAssignedIdentities": [identity.id]},
    }
    return clouds.make(ML_WORKSPACE, stack="training", **WHERE, **{**given, **changed})


def test_a_workspace_gives_back_the_principals_of_its_identities(clouds: Clouds) -> None:
    made = make_workspace(clouds, make_vault(clouds).id)
    provider = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/switches/providers/Microsoft.MachineLearningServices"
    assert made.id == f"{provider}/workspaces/outlast-training"
    identity = made.outputs["identity"]
    assert identity["principalId"]
    (job,) = identity["userAssignedIdentities"].values()
    assert job["principalId"] and job["clientId"]


@pytest.mark.parametrize("part", ["storageAccount", "keyVault", "containerRegistry"])
def test_a_part_that_is_not_there_is_named(clouds: Clouds, part: str) -> None:
    vault = make_vault(clouds)
    with pytest.raises(CloudRefused, match=r"the .* /subscriptions/nowhere was not found"):
        make_workspace(clouds, vault.id, **{part: "/subscriptions/nowhere"})


def test_a_vaults_name_is_taken_once_in_the_world(clouds: Clouds) -> None:
    (taken,) = clouds.world.accounts.vaults
    with pytest.raises(CloudRefused, match="VaultAlreadyExists"):
        make_vault(clouds, taken.name)


def test_blobs_live_as_an_account_says_that_is_there(clouds: Clouds) -> None:
    make_azure(clouds, public=False)
    old = {"actions": {"baseBlob": {"delete": {"daysAfterModificationGreaterThan": 14}}}}
    policy = {"rules": [{"name": "old", "type": "Lifecycle", "definition": old}]}
    named = {**WHERE, "managementPolicyName": "default", "policy": policy}
    assert clouds.make(LIFECYCLE, accountName="switchesazure", **named).id.endswith("/managementPolicies/default")
    with pytest.raises(CloudRefused, match="nowhere was not found"):
        clouds.make(LIFECYCLE, "other", accountName="nowhere", **named)
