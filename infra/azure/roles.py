"""How a role of Azure is given to an identity on one thing."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import authorization, managedidentity


def grant(
    subscription: str,
    name: str,
    identity: managedidentity.UserAssignedIdentity,
    role: str,
    scope: pulumi.Input[str],
) -> authorization.RoleAssignment:
    """Give `identity` the role on `scope`. A role's id is the same in every subscription but for that."""
    return authorization.RoleAssignment(
        name,
        principal_id=identity.principal_id,
        # Said because Azure would look the new identity up in a directory that may not have it yet, and refuse.
        principal_type=authorization.PrincipalType.SERVICE_PRINCIPAL,
        role_definition_id=f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}",
        scope=scope,
    )
