"""Resource groups, managed identities, and the roles that they are given."""

from __future__ import annotations

from sandbox.clouds.azure.common import GROUP, common_outputs, guid, in_group, own_name, tail
from sandbox.clouds.kinds import Depth, declare
from sandbox.clouds.world import SUBSCRIPTION, TENANT, CloudRefused, Resource, Values, World, nested

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
        for given in world.all(ASSIGNMENT)
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
        identity = world.find(IDENTITY, reference)
        if identity is None:
            raise CloudRefused(f'Code="FailedIdentityOperation" Message="The identity {reference} was not found."')
        found[reference] = {name: identity.outputs[name] for name in ("principalId", "clientId")}
    return {"identity": {**given, "userAssignedIdentities": found, "tenantId": TENANT, "principalId": ""}}


def _group_id(world: World, r: Resource) -> str:
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{own_name(r, 'resourceGroupName')}"


def _group_outputs(world: World, r: Resource) -> Values:
    return common_outputs(r, "Microsoft.Resources/resourceGroups") | {"properties": {"provisioningState": "Succeeded"}}


def _identity_outputs(world: World, r: Resource) -> Values:
    ids = {"principalId": guid("principal", r.id), "clientId": guid("client", r.id), "tenantId": TENANT}
    return common_outputs(r, "Microsoft.ManagedIdentity/userAssignedIdentities") | ids


def _assignment_id(world: World, r: Resource) -> str:
    name = r.inputs.get("roleAssignmentName") or guid(r.urn)
    return f"{r.inputs['scope']}/providers/Microsoft.Authorization/roleAssignments/{name}"


def _assignment_outputs(world: World, r: Resource) -> Values:
    return {"name": tail(r), "type": "Microsoft.Authorization/roleAssignments"}


def _workspace_outputs(world: World, r: Resource) -> Values:
    return common_outputs(r, "Microsoft.OperationalInsights/workspaces") | {"customerId": guid("workspace", r.id)}


declare(
    GROUP,
    depth=Depth.SIMULATED,
    effect="what names a group that does not exist is refused",
    id_of=_group_id,
    outputs=_group_outputs,
)
declare(
    IDENTITY,
    depth=Depth.SIMULATED,
    effect="pulls images and reads the vault with the roles assigned to it",
    id_of=in_group("Microsoft.ManagedIdentity/userAssignedIdentities", "resourceName"),
    outputs=_identity_outputs,
)
declare(
    ASSIGNMENT,
    depth=Depth.SIMULATED,
    effect="gives an identity a role on a scope",
    not_simulated="propagation: it counts at once, where Azure takes minutes",
    id_of=_assignment_id,
    outputs=_assignment_outputs,
)
declare(
    WORKSPACE,
    not_simulated="the replicas' output goes to .sandbox/logs",
    id_of=in_group("Microsoft.OperationalInsights/workspaces", "workspaceName"),
    outputs=_workspace_outputs,
)
