"""The audit store on Azure: appended to and not rewritten, in a group of its own; a site's log is sent there."""

from __future__ import annotations

import functools

from infra.audit import AZURE_CONTAINER
from tests.infra.harness import Run, audits, run_stack

LOCK = "azure-native:authorization:ManagementLockAtResourceGroupLevel"
SETTING = "azure-native:monitor:DiagnosticSetting"


@functools.cache
def base() -> Run:
    return run_stack("base-azure", auditRetentionDays=30, protect=True)


def test_the_store_is_exported_as_not_locked() -> None:
    run = base()
    assert run.problems == []
    assert run.outputs["audit"] == audits(beside=False)["base-azure"]["audit"]
    assert run.outputs["audit"]["locked"] is False


def test_lines_are_appended_and_nothing_is_rewritten() -> None:
    policy = base().one("azure-native:storage:BlobContainerImmutabilityPolicy").inputs
    assert policy["immutabilityPeriodSinceCreationInDays"] == 30
    assert policy["allowProtectedAppendWrites"] is True
    assert policy["containerName"] == AZURE_CONTAINER


def test_nobody_reads_it_without_credentials_and_its_group_is_its_own() -> None:
    run = base()
    account = run.one("azure-native:storage:StorageAccount", "audit")
    assert account.inputs["allowBlobPublicAccess"] is False and account.options["protect"]
    groups = run.all("azure-native:resources:ResourceGroup")
    assert {one.inputs["resourceGroupName"] for one in groups.values()} == {
        "outlast-base-azure",
        "outlast-base-azure-audit",
    }
    assert run.all(LOCK).keys() == {"lock", "audit"}


def test_a_sites_log_goes_to_its_base_stack_before_its_app_runs() -> None:
    run = run_stack("azure", base="base-azure", stacks=audits())
    assert run.problems == []
    setting = run.one(SETTING, "audit").inputs
    assert setting["storageAccountId"] == "audit-id"
    assert [one["category"] for one in setting["logs"]] == ["ContainerAppConsoleLogs"]
    environment = run.one("azure-native:app:ManagedEnvironment").inputs
    assert environment["appLogsConfiguration"] == {"destination": "azure-monitor"}
    assert f"{SETTING}::audit" in run.one("azure-native:app:ContainerApp").options["dependsOn"]
