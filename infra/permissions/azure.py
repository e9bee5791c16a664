"""What each resource type needs on Azure, and the custom roles made of that. Pure.

Operations are named as in learn.microsoft.com/azure/role-based-access-control/resource-provider-operations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infra.permissions.in_use import IMAGE, RECORD, types_of, words

_APP = "Microsoft.App"
_REGISTRY = "Microsoft.ContainerRegistry/registries"
_IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
_VAULT = "Microsoft.KeyVault/vaults"
_WORKSPACE = "Microsoft.OperationalInsights/workspaces"
_NETWORK = "Microsoft.Network/virtualNetworks"
_ML = "Microsoft.MachineLearningServices/workspaces"
_ASSIGNMENT = "Microsoft.Authorization/roleAssignments"


ASSIGNED = ("7f951dda-4ed3-4680-a7ca-43fe172d538d", "4633458b-17de-408a-b874-0445c86b69e6")
"""AcrPull and Key Vault Secrets User: the roles that a site's program assigns."""

ASSIGNED_FOR_TRAINING = (
    ASSIGNED[0],
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "e147488a-f6f5-4113-8e2d-b22465e65bf6",
)
"""AcrPull, Storage Blob Data Reader and Contributor, Key Vault Crypto Service Encryption User: of a training stack."""


def _crud(type_: str) -> str:
    return f"{type_}/read {type_}/write {type_}/delete"


ACTIONS: Mapping[str, tuple[str, ...]] = {
    "azure-native:resources:ResourceGroup": words(
        _crud("Microsoft.Resources/subscriptions/resourceGroups")
        + " Microsoft.Resources/subscriptions/resourceGroups/resources/read"
    ),
    "azure-native:containerregistry:Registry": words(f"{_crud(_REGISTRY)} {_REGISTRY}/operationStatuses/read"),
    IMAGE: words(f"{_REGISTRY}/pull/read {_REGISTRY}/push/write"),
    "azure-native:managedidentity:UserAssignedIdentity": words(f"{_crud(_IDENTITY)} {_IDENTITY}/assign/action"),
    "azure-native:authorization:RoleAssignment": words(_crud(_ASSIGNMENT)),
    "azure-native:app:ManagedEnvironment": words(
        f"{_crud(f'{_APP}/managedEnvironments')} {_APP}/managedEnvironments/join/action "
        f"{_APP}/locations/managedEnvironmentOperationStatuses/read "
        f"{_APP}/locations/managedEnvironmentOperationResults/read"
    ),
    "azure-native:network:VirtualNetwork": words(f"{_crud(_NETWORK)} {_NETWORK}/subnets/join/action"),
    "azure-native:app:Certificate": words(_crud(f"{_APP}/managedEnvironments/certificates")),
    "azure-native:storage:StorageAccount": words(_crud("Microsoft.Storage/storageAccounts")),
    "azure-native:storage:BlobContainer": words(_crud("Microsoft.Storage/storageAccounts/blobServices/containers")),
    "azure-native:storage:BlobContainerImmutabilityPolicy": words(
        _crud("Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies")
    ),
    "azure-native:storage:ManagementPolicy": words(_crud("Microsoft.Storage/storageAccounts/managementPolicies")),
    "azure-native:keyvault:Vault": words(f"{_crud(_VAULT)} Microsoft.KeyVault/locations/deletedVaults/read"),
    # A workspace lists the keys of what it is made of, and pulls with the registry's, as whoever makes it.
    "azure-native:machinelearningservices:Workspace": words(
        f"{_crud(_ML)} Microsoft.MachineLearningServices/locations/workspaceOperationsStatus/read "
        f"Microsoft.Storage/storageAccounts/listKeys/action {_VAULT}/deploy/action"
    ),
    "azure-native:monitor:DiagnosticSetting": words(
        f"{_crud('Microsoft.Insights/diagnosticSettings')} Microsoft.Storage/storageAccounts/listKeys/action"
    ),
    # To send something there asks for the action of its keys, by Azure Monitor's page; not tried on an account.
    "azure-native:operationalinsights:Workspace": words(f"{_crud(_WORKSPACE)} {_WORKSPACE}/sharedKeys/action"),
    "azure-native:authorization:ManagementLockAtResourceGroupLevel": words(_crud("Microsoft.Authorization/locks")),
    "azure-native:keyvault:Secret": words(
        f"{_VAULT}/read {_VAULT}/secrets/read {_VAULT}/secrets/write"  # a secret that is destroyed stays in the vault
    ),
    "azure-native:monitor:ActionGroup": words(_crud("Microsoft.Insights/actionGroups")),
    "azure-native:portal:Dashboard": words(_crud("Microsoft.Portal/dashboards")),
    "azure-native:consumption:Budget": words(_crud("Microsoft.Consumption/budgets")),
    "azure-native:monitor:MetricAlert": words(
        f"{_crud('Microsoft.Insights/metricAlerts')} Microsoft.Insights/metricDefinitions/read"
    ),
    "azure-native:app:ContainerApp": words(
        f"{_crud(f'{_APP}/containerApps')} {_APP}/containerApps/listSecrets/action "
        f"{_APP}/getCustomDomainVerificationId/action {_APP}/locations/containerappOperationStatuses/read "
        f"{_APP}/locations/containerappOperationResults/read"
    ),
}

DATA_ACTIONS = ("Microsoft.KeyVault/vaults/secrets/delete",)
"""The resource manager writes secrets and deletes none, so `pulumi destroy` asks the vault itself."""

DRILL = words(
    f"{_APP}/containerApps/read {_APP}/containerApps/revisions/read "
    f"{_APP}/containerApps/stop/action {_APP}/containerApps/start/action"
)
"""A drill of level 3 stops the app and starts it again; the others count its replicas alone, by
`revisions/read`."""

_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"

TRAINER = words(
    f"{_ML}/read {_ML}/jobs/read {_ML}/jobs/write {_ML}/jobs/cancel/action {_ML}/environments/read "
    f"{_ML}/environments/write {_ML}/environments/versions/read {_ML}/environments/versions/write "
    f"{_ML}/experiments/read {_ML}/experiments/write {_ML}/experiments/runs/read {_ML}/experiments/runs/write "
    f"{_ML}/experiments/runs/submit/action {_ML}/datastores/read {_IDENTITY}/read {_IDENTITY}/assign/action "
    "Microsoft.Resources/subscriptions/resourceGroups/read"
)
"""Whoever runs `outlast model train --on azure`: starts jobs, looks at them and stops them."""

TRAINER_DATA = words(f"{_BLOBS}/read {_BLOBS}/write {_BLOBS}/add/action")
"""Uploads the data, and fetches what a job made."""


def deployer_role(subscription: str, kinds: Sequence[str] = ("azure",)) -> dict[str, Any]:
    """What whoever runs `pulumi up` of these kinds of stack on Azure has to be allowed to."""
    actions = {action for kind in kinds for type_ in types_of(kind) if type_ != RECORD for action in ACTIONS[type_]}
    role = _role("Outlast deployer", "Deploys a site of Outlast.", actions, subscription)
    assigned = {*ASSIGNED} if {"azure", "base-azure"} & {*kinds} else set()
    assigned |= {*ASSIGNED_FOR_TRAINING} if "training-azure" in kinds else set()
    return role | {
        "DataActions": [*DATA_ACTIONS],
        "condition": _only_these(sorted(assigned)),
        "conditionVersion": "2.0",
    }


def drill_role(subscription: str) -> dict[str, Any]:
    """What whoever runs `outlast drill` at level 3 has to be allowed to."""
    return _role("Outlast drill runner", "Stops a site of Outlast and starts it again.", set(DRILL), subscription)


def trainer_role(subscription: str) -> dict[str, Any]:
    """What whoever runs `outlast model train --on azure` has to be allowed to."""
    role = _role("Outlast trainer", "Trains models with Outlast.", set(TRAINER), subscription)
    return role | {"DataActions": [*TRAINER_DATA]}


def _role(name: str, description: str, actions: set[str], subscription: str) -> dict[str, Any]:
    return {
        "Name": name,
        "IsCustom": True,
        "Description": description,
        "Actions": sorted(actions),
        "NotActions": [],
        "DataActions": [],
        "NotDataActions": [],
        "AssignableScopes": [f"/subscriptions/{subscription}"],
    }


def _only_these(roles: Sequence[str]) -> str:
    """A condition of the role's assignment: it may assign and take away these roles, to service principals, no other.

    Without it whoever may write role assignments may make itself an owner.
    learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-examples
    """
    allowed = ", ".join(sorted(roles))
    parts = []
    for action, source in (("write", "Request"), ("delete", "Resource")):
        attribute = f"@{source}[Microsoft.Authorization/roleAssignments:"
        parts.append(
            f"((!(ActionMatches{{'{_ASSIGNMENT}/{action}'}})) OR "
            f"({attribute}RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{allowed}}} AND "
            f"{attribute}PrincipalType] StringEqualsIgnoreCase 'ServicePrincipal'))"
        )
    return " AND ".join(parts)
