"""On Azure: roles on containers, an identity beside the workspace's own, and an account that no key opens."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from infra.azure.training import READ_BLOBS, WRITE_BLOBS
from infra.holds import HOLDS
from tests.infra.harness import Run, run_stack

STACK = "training-azure"
WORKSPACE = "azure-native:machinelearningservices:Workspace"
ASSIGNMENT = "azure-native:authorization:RoleAssignment"
WAREHOUSE = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rows/providers/Microsoft.Storage"
    "/storageAccounts/warehouse"
)


def given(run: Run) -> dict[str, str]:
    """Scope -> the role on it."""
    return {r.inputs["scope"]: r.inputs["roleDefinitionId"].rpartition("/")[2] for r in run.all(ASSIGNMENT).values()}


def test_a_job_reads_the_data_and_writes_output_and_checkpoints(run_of: Callable[[str], Run]) -> None:
    roles = given(run_of(STACK))
    assert roles["data-id"] == READ_BLOBS
    assert roles["output-id"] == roles["checkpoints-id"] == WRITE_BLOBS
    assert roles.keys() == {"data-id", "output-id", "checkpoints-id", "registry-id"}


def test_a_job_reads_the_other_accounts_that_the_file_names() -> None:
    assert given(run_stack(STACK, dataSources=[WAREHOUSE]))[WAREHOUSE] == READ_BLOBS


def test_the_jobs_identity_is_attached_and_is_not_the_workspaces_own(run_of: Callable[[str], Run]) -> None:
    workspace = run_of(STACK).one("azure-native:machinelearningservices:Workspace").inputs
    assert workspace["identity"] == {"type": "SystemAssigned,UserAssigned", "userAssignedIdentities": ["job-id"]}
    assert "primaryUserAssignedIdentity" not in workspace


def test_the_identity_is_known_once_it_may_do_its_work(run_of: Callable[[str], Run]) -> None:
    waits = {name for _, name in run_of(STACK).waits["identity"]}
    assert {"may-pull", "may-read", "may-write-output", "may-write-checkpoints"} <= waits


def test_the_vault_is_called_after_the_store(run_of: Callable[[str], Run]) -> None:
    vault = run_of(STACK).one("azure-native:keyvault:Vault").inputs
    assert vault["vaultName"] == "kv-outlasttraining"
    assert vault["properties"]["tenantId"] == "tenant"


@pytest.mark.parametrize("protect", [True, False])
def test_the_vault_is_protected_with_all_else_that_holds_data_or_a_name(protect: bool) -> None:
    run = run_stack(STACK, protect=protect)
    kept = {one.type for one in run.resources if one.options.get("protect")}
    assert kept == ({*HOLDS} & {one.type for one in run.resources} | {WORKSPACE} if protect else set())
    assert ("azure-native:keyvault:Vault" in kept) is protect


def test_addresses_have_a_container_and_a_folder_each(run_of: Callable[[str], Run]) -> None:
    outputs = run_of(STACK).outputs
    assert outputs["dataAddress"] == "az://outlasttraining/data/inputs"
    assert outputs["outputAddress"] == "az://outlasttraining/output/jobs"
    assert outputs["checkpointsAddress"] == "az://outlasttraining/checkpoints/jobs"


def test_an_isolated_workspace_has_a_network_of_its_own_and_a_registry_that_it_reaches() -> None:
    run = run_stack(STACK, isolated=True)
    workspace = run.one("azure-native:machinelearningservices:Workspace").inputs
    assert workspace["managedNetwork"]["isolationMode"] == "AllowOnlyApprovedOutbound"
    assert run.one("azure-native:containerregistry:Registry").inputs["sku"] == {"name": "Premium"}
    assert not run.problems


def test_a_workspace_that_is_not_has_the_clouds_network(run_of: Callable[[str], Run]) -> None:
    run = run_of(STACK)
    assert "managedNetwork" not in run.one("azure-native:machinelearningservices:Workspace").inputs
    assert run.one("azure-native:containerregistry:Registry").inputs["sku"] == {"name": "Basic"}
