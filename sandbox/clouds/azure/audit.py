"""What carries an audit log to a storage account: a diagnostic setting, and a container that is only appended to."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.clouds.azure.common import in_group
from sandbox.clouds.azure.environments import ENVIRONMENT
from sandbox.clouds.azure.identity import WORKSPACE
from sandbox.clouds.buckets import ACCOUNT, CONTAINER
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.references import exists
from sandbox.clouds.retention import IMMUTABLE
from sandbox.clouds.rules import ID, OneOf, Range, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, nested
from sandbox.clouds.world import World

SETTING = "azure-native:monitor:DiagnosticSetting"


def find_sending(world: World, category: str, target: str, kind: str) -> Iterator[tuple[Resource, Resource]]:
    """Each environment of which a diagnostic setting sends that category to its `target`, and what that is."""
    for setting in world.store.all(SETTING):
        environment = world.store.follow(setting, "resourceUri", ENVIRONMENT)
        found = world.store.follow(setting, target, kind)
        if environment is not None and found is not None and _is_sent(environment, setting, category):
            yield environment, found


def _is_sent(environment: Resource, setting: Resource, category: str) -> bool:
    """Whether a diagnostic setting of an environment sends that category: nothing goes where logs do otherwise."""
    logs: list[Values] = setting.inputs.get("logs") or []
    enabled = any(one.get("enabled") and one.get("category") == category for one in logs)
    return enabled and nested(environment.inputs, "appLogsConfiguration", "destination") == "azure-monitor"


def _container_exists(world: World, r: Resource) -> None:
    """The policy is a container's: Storage resource provider, Blob Containers, Create Or Update Immutability Policy."""
    account, name = r.inputs.get("accountName"), r.inputs.get("containerName")
    there = [one for one in world.store.all(CONTAINER) if one.inputs.get("accountName") == account]
    if not any(one.id.rpartition("/")[2] == name for one in there):
        raise CloudRefused('Code="ContainerNotFound" Message="The specified container does not exist."')


def _has_destination(world: World, r: Resource) -> None:
    """It sends something somewhere: Azure Monitor, Diagnostic Settings, Create Or Update."""
    targets = ("storageAccountId", "workspaceId", "eventHubAuthorizationRuleId", "marketplacePartnerId")
    if not any(r.inputs.get(target) for target in targets):
        raise CloudRefused(
            'Code="BadRequest" Message="At least one data sink needs to be specified."', hint="storage_account_id=…"
        )


def _setting_id(world: World, r: Resource) -> str:
    name = r.inputs.get("name") or r.name
    return f"{r.inputs.get('resourceUri')}/providers/microsoft.insights/diagnosticSettings/{name}"


def _policy_outputs(world: World, r: Resource) -> Values:
    return {"name": "default", "state": "Unlocked", "etag": '"8d59f825b721dd3"'}


# learn.microsoft.com/azure/container-apps/log-options: those of an environment.
_CATEGORY = OneOf(
    (
        *(
            "ContainerAppConsoleLogs",
            "ContainerAppSystemLogs",
            "AppEnvSpringAppConsoleLogs",
            "AppEnvSessionConsoleLogs",
        ),
        *("AppEnvSessionPoolEventLogs", "AppEnvSessionLifeCycleLogs", "ContainerAppHTTPLogs"),
    ),
    "Container Apps, log categories",
)

declare(
    IMMUTABLE,
    fidelity=Fidelity.SIMULATED,
    effect="no blob in its container is deleted or written over in its days, which are real ones, nor the container",
    not_simulated="locking it; legal holds",
    id_of=in_group(
        "Microsoft.Storage/storageAccounts/{accountName}/blobServices/default/containers/{containerName}"
        "/immutabilityPolicies",
        "immutabilityPolicyName",
    ),
    outputs=_policy_outputs,
    rules=(_container_exists,),
    illness=("no appended writes allowed: a diagnostic setting writes nothing there",),
    limits={
        "immutabilityPeriodSinceCreationInDays": Range(1, 146_000, "Storage resource provider, ImmutabilityPolicy")
    },
    forces_new=because(ID, "accountName", "containerName", "resourceGroupName", "immutabilityPolicyName"),
)
declare(
    SETTING,
    fidelity=Fidelity.SIMULATED,
    effect="console lines of an environment's apps are appended to a blob an hour of the account, and requests of its "
    "ingress to a table of the workspace, minutes later",
    not_simulated="what else is sent to a workspace; event hubs, metrics; categories but ContainerAppConsoleLogs "
    "and ContainerAppHTTPLogs; the query of an address in the latter, of which the newest 20 MB stay",
    id_of=_setting_id,
    outputs=lambda world, r: {"name": r.id.rpartition("/")[2]},
    rules=(
        _has_destination,
        exists(
            "resourceUri",
            ENVIRONMENT,
            'Code="ResourceNotFound" Message="The Resource \'{}\' was not found."',
            "Azure Monitor, Diagnostic Settings",
        ),
        exists(
            "workspaceId",
            WORKSPACE,
            'Code="ResourceNotFound" Message="The workspace \'{}\' was not found."',
            "Azure Monitor, Diagnostic Settings",
        ),
        exists(
            "storageAccountId",
            ACCOUNT,
            'Code="ResourceNotFound" Message="The storage account \'{}\' was not found."',
            "Azure Monitor, Diagnostic Settings",
        ),
    ),
    illness=("an environment whose logs do not go to azure-monitor: nothing arrives",),
    limits={"logs[].category": _CATEGORY},
    forces_new=because(ID, "resourceUri", "name"),
)
