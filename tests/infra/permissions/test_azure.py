"""Azure's roles: of the provider's own operations, and without the way to make oneself an owner."""

from __future__ import annotations

import re

from infra.azure import site as program
from infra.permissions.azure import ACTIONS, ASSIGNED, deployer_role, drill_role

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"


def test_operations_are_written_as_azure_writes_them() -> None:
    for actions in ACTIONS.values():
        assert [
            a for a in actions if not re.fullmatch(r"Microsoft\.[A-Za-z]+(/[A-Za-z]+)+/(read|write|delete|action)", a)
        ] == []


def test_the_roles_that_may_be_assigned_are_those_that_the_program_assigns() -> None:
    assert set(ASSIGNED) == {program.PULL_IMAGES, program.READ_SECRETS}


def test_a_deployer_may_assign_these_and_to_nobody_but_identities() -> None:
    role = deployer_role(SUBSCRIPTION)
    for one in ASSIGNED:
        assert role["condition"].count(one) == 2, "once for making, once for taking away"
    assert role["condition"].count("'ServicePrincipal'") == 2
    assert role["condition"].count("(") == role["condition"].count(")")
    assert not [action for action in role["Actions"] if "*" in action]
    assert role["AssignableScopes"] == [f"/subscriptions/{SUBSCRIPTION}"]


def test_a_drill_runner_stops_and_starts_the_app_and_changes_nothing_else() -> None:
    changing = [action for action in drill_role(SUBSCRIPTION)["Actions"] if not action.endswith("/read")]
    assert changing == ["Microsoft.App/containerApps/start/action", "Microsoft.App/containerApps/stop/action"]
