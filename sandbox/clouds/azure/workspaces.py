"""Azure ML workspaces, and what only they need: a vault that a stack makes, and the life of blobs in an account."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.clouds.azure.common import IN_GROUP, REGION, common_outputs, guid, in_group, location_of, tail
from sandbox.clouds.azure.identity import identity_outputs
from sandbox.clouds.azure.registry import REGISTRY
from sandbox.clouds.buckets import ACCOUNT
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.references import exists
from sandbox.clouds.rules import ID, SDK, Mistake, OneOf, Range, Text, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import TENANT, Values, nested
from sandbox.clouds.world import World

VAULT = "azure-native:keyvault:Vault"
ML_WORKSPACE = "azure-native:machinelearningservices:Workspace"
LIFECYCLE = "azure-native:storage:ManagementPolicy"

_AZURE = "Azure resource name rules"
_VAULT_NAME = Text(24, r"[A-Za-z](-?[A-Za-z0-9])+", f"{_AZURE}, vaults", shortest=3)
_VAULT_DAYS = Range(7, 90, "Key Vault, soft delete: 7 to 90 days")
# The SDK's words on `workspaceName`, and Azure ML, resource limits: 3 to 33 characters.
_WORKSPACE_NAME = Text(33, r"[A-Za-z0-9][A-Za-z0-9_-]+", "Azure ML REST API, Workspaces, workspaceName", shortest=3)
_POLICY_NAME = OneOf(("default",), "Storage resource provider, ManagementPolicyName")
_RULE_NAME = Text(256, r"[A-Za-z0-9]+", "Azure Storage, lifecycle management policy: rule name")
_DAYS = Range(0, 99_999, "Azure Storage, lifecycle management policy: days")


# -- a vault -------------------------------------------------------------------------------------------------------


def _vault_name_free(world: World, r: Resource) -> None:
    """A vault's name is part of a host name and taken once in the world: Key Vault, VaultAlreadyExists."""
    name = str(r.inputs.get("vaultName") or "").lower()
    theirs = [vault.name for vault in world.accounts.vaults]
    ours = [tail(other).lower() for other in world.store.all(VAULT) if other.urn != r.urn]
    if name in (*theirs, *ours):
        raise CloudRefused(
            f'Code="VaultAlreadyExists" Message="The vault name \'{name}\' is already in use. Vault names are '
            'globally unique so it is possible that the name is already taken."',
            hint="take another name: outlast:store makes it",
        )


def _vault_outputs(world: World, r: Resource) -> Values:
    given = r.inputs.get("properties") or {}
    told = {"vaultUri": f"https://{tail(r).lower()}.vault.azure.net/", "provisioningState": "Succeeded"}
    own = {"location": location_of(r), "properties": {**given, **told}}
    return common_outputs(r, "Microsoft.KeyVault/vaults") | own


declare(
    VAULT,
    fidelity=Fidelity.TYPED,
    effect="a workspace can be made with it",
    not_simulated="its secrets and keys; the 7 to 90 days in which a deleted vault's name stays taken "
    "(`az keyvault purge` ends them)",
    id_of=in_group("Microsoft.KeyVault/vaults", "vaultName"),
    outputs=_vault_outputs,
    rules=(_vault_name_free,),
    limits={"vaultName": _VAULT_NAME, "location": REGION, "properties.softDeleteRetentionInDays": _VAULT_DAYS},
    forces_new=because(ID, "vaultName") | IN_GROUP,
)


# -- the life of blobs ---------------------------------------------------------------------------------------------


def _rules_act(inputs: Values) -> Iterator[Mistake]:
    """Azure Storage, lifecycle management policy: a rule has an action, and a name that no other has."""
    rules = nested(inputs, "policy", "rules")
    given = [one for one in rules if isinstance(one, dict)] if isinstance(rules, list) else []
    for number, rule in enumerate(given):
        if not any((nested(rule, "definition", "actions") or {}).values()):
            yield f"policy.rules[{number}].definition.actions", "InvalidRequestPropertyValue: it holds no action"
    names = [rule.get("name") for rule in given if isinstance(rule.get("name"), str)]
    if len(set(names)) < len(names):
        yield "policy.rules", "InvalidRequestPropertyValue: two rules have one name"


declare(
    LIFECYCLE,
    fidelity=Fidelity.TYPED,
    effect="its rules are read as Azure Storage reads them",
    not_simulated="that blobs are deleted, which Azure does once a day",
    id_of=in_group("Microsoft.Storage/storageAccounts/{accountName}/managementPolicies", "managementPolicyName"),
    outputs=lambda world, r: common_outputs(r, "Microsoft.Storage/storageAccounts/managementPolicies"),
    rules=(
        exists(
            "accountName",
            ACCOUNT,
            'Code="ResourceNotFound" Message="The storage account {} was not found."',
            "Storage resource provider, Management Policies, Create Or Update",
        ),
    ),
    limits={
        "managementPolicyName": _POLICY_NAME,
        "policy.rules[].name": _RULE_NAME,
        "policy.rules[].definition.actions.baseBlob.delete.daysAfterModificationGreaterThan": _DAYS,
    },
    combinations=(_rules_act,),
    forces_new=because(ID, "accountName", "managementPolicyName", "resourceGroupName"),
)


# -- a workspace ---------------------------------------------------------------------------------------------------


def _part(path: str, type_: str, kind: str) -> tuple[str, str, str, str]:
    told = (
        f'Code="ValidationError" Message="Missing dependent resources in workspace json: the {kind} {{}} was not found"'
    )
    return path, type_, told, "Azure ML REST API, Workspaces, Create Or Update"


def _whole(inputs: Values) -> Iterator[Mistake]:
    """Azure ML REST API, Workspaces, Create Or Update: a workspace has an account, a vault and an identity."""
    for name in ("storageAccount", "keyVault", "identity"):
        if not inputs.get(name):
            yield name, "ValidationError: Missing dependent resources in workspace json"


def _outputs(world: World, r: Resource) -> Values:
    own = {
        "workspaceId": guid("ml-workspace", r.id),
        "location": location_of(r),
        "provisioningState": "Succeeded",
        "discoveryUrl": f"https://{location_of(r)}.api.azureml.ms/discovery",
        "mlFlowTrackingUri": f"azureml://{location_of(r)}.api.azureml.ms/mlflow/v1.0{r.id}",
        "tenantId": TENANT,
    }
    return common_outputs(r, "Microsoft.MachineLearningServices/workspaces") | own | _identities(world, r)


def _identities(world: World, r: Resource) -> Values:
    """With an identity of its own as well, which Azure makes; a map comes out of the list that goes in."""
    found = identity_outputs(world, r)
    if "SystemAssigned" in str(nested(r.inputs, "identity", "type")):
        found["identity"]["principalId"] = guid("ml-workspace-principal", r.id)
    return found


declare(
    ML_WORKSPACE,
    fidelity=Fidelity.SIMULATED,
    effect="command jobs can be started in it with the identities that are attached to it",
    not_simulated="computes, datastores, notebooks, models; managed networks; encryption by a key",
    id_of=in_group("Microsoft.MachineLearningServices/workspaces", "workspaceName"),
    outputs=_outputs,
    rules=(
        exists(*_part("storageAccount", ACCOUNT, "storage account")),
        exists(*_part("keyVault", VAULT, "key vault")),
        exists(*_part("containerRegistry", REGISTRY, "container registry")),
    ),
    combinations=(_whole,),
    limits={"workspaceName": _WORKSPACE_NAME, "location": REGION},
    forces_new=because(ID, "workspaceName")
    | IN_GROUP
    | because(f"{SDK}: 'This cannot be changed once the workspace has been created'", "storageAccount", "keyVault"),
    replacement_unknown=("encryption", "hbiWorkspace", "managedNetwork"),
)
