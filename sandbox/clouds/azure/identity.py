"""Resource groups, managed identities, and the roles that they are given."""

from __future__ import annotations

from sandbox.clouds.azure.common import (
    GROUP,
    IN_GROUP,
    REGION,
    common_outputs,
    guid,
    in_group,
    own_name,
    subscription_of,
    tail,
)
from sandbox.clouds.eventual import ROLE
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import ID, SDK, OneOf, Range, Text, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import TENANT, Values, hex_id, nested
from sandbox.clouds.world import World

IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
ASSIGNMENT = "azure-native:authorization:RoleAssignment"
WORKSPACE = "azure-native:operationalinsights:Workspace"

# The same in every subscription: learn.microsoft.com/azure/role-based-access-control/built-in-roles
ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"


def has_role(world: World, identity: Resource, role: str, scope: str) -> bool:
    """Whether the identity has the role on `scope` or on something that contains it."""
    return any(
        given.inputs.get("principalId") == identity.outputs["principalId"]
        and str(given.inputs.get("roleDefinitionId", "")).endswith(role)
        and _contains(str(given.inputs.get("scope", "")), scope)
        for given in world.store.all(ASSIGNMENT)
    )


def _contains(outer: str, inner: str) -> bool:
    """Whether the ARM scope `inner` is `outer` or below it: whole parts of the path count, and case does not."""
    one, other = outer.lower().rstrip("/"), inner.lower()
    return other == one or other.startswith(f"{one}/")


def assigned(r: Resource) -> list[str]:
    """The identities that a resource was given, in lower case: ARM ids have no case."""
    return [str(one).lower() for one in nested(r.inputs, "identity", "userAssignedIdentities") or []]


def identity_outputs(world: World, r: Resource) -> Values:
    """The identities of a resource: a list goes in, a map with what Azure knows of each comes out."""
    given = r.inputs.get("identity")
    if not given:
        return {}
    found = {}
    for reference in given.get("userAssignedIdentities") or []:
        identity = world.store.find(IDENTITY, reference)
        if identity is None:
            raise CloudRefused(f'Code="FailedIdentityOperation" Message="The identity {reference} was not found."')
        found[reference] = {name: identity.outputs[name] for name in ("principalId", "clientId")}
    return {"identity": {**given, "userAssignedIdentities": found, "tenantId": TENANT, "principalId": ""}}


def _group_id(world: World, r: Resource) -> str:
    return f"/subscriptions/{subscription_of(r)}/resourceGroups/{own_name(r, 'resourceGroupName')}"


def _group_outputs(world: World, r: Resource) -> Values:
    return common_outputs(r, "Microsoft.Resources/resourceGroups") | {"properties": {"provisioningState": "Succeeded"}}


def _identity_outputs(world: World, r: Resource) -> Values:
    # A journal of an earlier release has none drawn.
    drawn = [r.place["drawn"]] if "drawn" in r.place else []
    ids = {"principalId": guid("principal", r.id, *drawn), "clientId": guid("client", r.id, *drawn), "tenantId": TENANT}
    return common_outputs(r, "Microsoft.ManagedIdentity/userAssignedIdentities") | ids


def _draw_principal(world: World, r: Resource) -> None:
    """An identity that is made anew under the same name is another principal."""
    r.place["drawn"] = hex_id(8)


def _assignment_id(world: World, r: Resource) -> str:
    name = r.inputs.get("roleAssignmentName") or guid(r.urn)
    return f"{r.inputs['scope']}/providers/Microsoft.Authorization/roleAssignments/{name}"


def _assignment_outputs(world: World, r: Resource) -> Values:
    return {"name": tail(r), "type": "Microsoft.Authorization/roleAssignments"}


def _workspace_outputs(world: World, r: Resource) -> Values:
    return common_outputs(r, "Microsoft.OperationalInsights/workspaces") | {"customerId": guid("workspace", r.id)}


# learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules: #microsoftresources,
# #microsoftcontainerregistry, #microsoftmanagedidentity, #microsoftapp.
_AZURE = "Azure resource name rules"
_AZURE_GROUP = Text(90, r"[\w().-]*[\w()-]", _AZURE)
_AZURE_IDENTITY = Text(128, r"[A-Za-z0-9][\w-]*", _AZURE, shortest=3)
# hashicorp/terraform-provider-azurerm, internal/services/{containerapps,loganalytics}/validate: what Azure's pages do
# not list.
_AZURERM = "terraform-provider-azurerm, validate"
# learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure: 30 to 730 days, but for the tiers of old.
_WORKSPACE_DAYS = Range(30, 730, "Azure Monitor, data retention of a workspace")
_WORKSPACE_SKU = OneOf(
    ("Free", "Standard", "Premium", "PerNode", "PerGB2018", "Standalone", "CapacityReservation", "LACluster"),
    "azure-native, WorkspaceSkuNameEnum",
)
_AZURE_WORKSPACE = Text(63, r"[A-Za-z0-9][A-Za-z0-9-]+[A-Za-z0-9]", _AZURERM, shortest=4)
# pulumi-azure-native 3.29.0, RoleAssignment.role_assignment_name: "It can be any valid GUID".
_SCOPE = Text(None, r"(?i)/(subscriptions/[^/]+|providers/Microsoft\.Management)(/.*)?", "Azure RBAC, scope")
_DEFINITION = Text(
    None,
    r".*/roleDefinitions/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "Azure RBAC, RoleDefinitionDoesNotExist",
)
_GUID = Text(36, r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", "azure-native, RoleAssignment", shortest=36)
_ARM_ASSIGNMENT = (
    "learn.microsoft.com/azure/role-based-access-control/role-assignments-steps: assignments cannot be edited"
)


def _principal_rule(world: World, r: Resource) -> None:
    """The principal exists, which here is an identity that a stack made: Azure RBAC, error PrincipalNotFound."""
    principal = r.inputs.get("principalId")
    if all(identity.outputs.get("principalId") != principal for identity in world.store.all(IDENTITY)):
        raise CloudRefused(
            f'Code="PrincipalNotFound" Message="Principal {principal} does not exist in the directory {TENANT}."',
            hint="take principal_id of the identity",
        )


declare(
    GROUP,
    fidelity=Fidelity.SIMULATED,
    effect="what names a group that does not exist is refused",
    id_of=_group_id,
    outputs=_group_outputs,
    limits={"resourceGroupName": _AZURE_GROUP, "location": REGION},
    forces_new=because(ID, "resourceGroupName")
    | because(f"{SDK}: 'It cannot be changed after the resource group has been created'", "location"),
)
declare(
    IDENTITY,
    fidelity=Fidelity.SIMULATED,
    effect="pulls images and reads the vault with the roles assigned to it",
    id_of=in_group("Microsoft.ManagedIdentity/userAssignedIdentities", "resourceName"),
    create=_draw_principal,
    outputs=_identity_outputs,
    limits={"resourceName": _AZURE_IDENTITY, "location": REGION},
    forces_new=because(ID, "resourceName") | IN_GROUP,
)
declare(
    ASSIGNMENT,
    fidelity=Fidelity.SIMULATED,
    rules=(_principal_rule,),
    not_known=("whether a role definition exists beside the two that the program assigns: any is taken",),
    effect="gives an identity a role on a scope",
    takes=ROLE,
    id_of=_assignment_id,
    outputs=_assignment_outputs,
    limits={"roleAssignmentName": _GUID, "scope": _SCOPE, "roleDefinitionId": _DEFINITION},
    forces_new=because(ID, "scope", "roleAssignmentName") | because(_ARM_ASSIGNMENT, "principalId", "roleDefinitionId"),
)
declare(
    WORKSPACE,
    effect="a diagnostic setting may name it",
    not_simulated="the lines in it, which are in .sandbox/logs; queries; that it can be had back for two weeks",
    id_of=in_group("Microsoft.OperationalInsights/workspaces", "workspaceName"),
    outputs=_workspace_outputs,
    limits={
        "workspaceName": _AZURE_WORKSPACE,
        "location": REGION,
        "sku.name": _WORKSPACE_SKU,
        "retentionInDays": _WORKSPACE_DAYS,
    },
    forces_new=because(ID, "workspaceName") | IN_GROUP,
)
