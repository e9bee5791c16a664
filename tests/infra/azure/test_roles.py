"""A role is given to one identity on one thing, and said to be a service's."""

from __future__ import annotations

from collections.abc import Callable

from tests.infra.harness import Run


def test_a_role_names_its_definition_in_the_subscription_of_the_stack(run_of: Callable[[str], Run]) -> None:
    given = run_of("azure").one("azure-native:authorization:RoleAssignment", "may-pull").inputs
    subscription = "/subscriptions/00000000-0000-0000-0000-000000000000"
    assert given["roleDefinitionId"].startswith(f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/")
    assert (given["principalId"], given["principalType"]) == ("principal", "ServicePrincipal")
    assert given["scope"] == "registry-id"
