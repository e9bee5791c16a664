"""Each rule of Azure, broken and kept."""

from __future__ import annotations

import pytest

from infra.edge import VARIABLE
from infra.policy.azure import ENVIRONMENT, RULES, WIDE
from infra.policy.rule import Facts
from tests.infra.policy.held import Case, ask, check_case

ROLES = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/"
PROBED = [{"type": "Startup"}, {"type": "Liveness"}, {"type": "Readiness"}]

CASES = {
    "azure-registry-no-admin": Case({"adminUserEnabled": True}, "admin user", {"adminUserEnabled": False}),
    "azure-registry-no-anonymous": Case({"anonymousPullEnabled": True}, "anybody", {}),
    "azure-ingress-encrypted": Case(
        {"configuration": {"ingress": {"allowInsecure": True}}},
        "plain HTTP",
        {"configuration": {"ingress": {"allowInsecure": False}}},
    ),
    "azure-app-identity": Case({}, "no identity", {"identity": {"type": "UserAssigned"}}),
    "azure-app-pulls-by-identity": Case(
        {"configuration": {"registries": [{"server": "r.azurecr.io", "passwordSecretRef": "p"}]}},
        "r.azurecr.io with a password",
        {"configuration": {"registries": [{"server": "r.azurecr.io", "identity": "/id"}]}},
    ),
    "azure-app-replicas": Case(
        {"template": {"scale": {"minReplicas": 0}}}, "at least 1 should", {"template": {"scale": {"minReplicas": 1}}}
    ),
    "azure-app-probed": Case(
        {"template": {"containers": [{"name": "service", "probes": PROBED[:1]}]}},
        "no probe of Liveness, Readiness",
        {"template": {"containers": [{"name": "service", "probes": PROBED}]}},
    ),
    "azure-rate-limited": Case(
        {"template": {"containers": [{"name": "service", "env": [{"name": VARIABLE, "value": "0"}]}]}},
        "counts nobody",
        {"template": {"containers": [{"name": "service", "env": [{"name": VARIABLE, "value": "300"}]}]}},
        facts=Facts("azure", {"size": "production"}),
    ),
    "azure-environment-zones": Case({}, "one zone", {"zoneRedundant": True}),
    "azure-logs-kept": Case(
        {"appLogsConfiguration": {"destination": "none"}},
        "kept nowhere",
        {"appLogsConfiguration": {"destination": "azure-monitor"}},
    ),
    "azure-logs-retention": Case({"sku": {"name": "PerGB2018"}}, "left to Azure", {"retentionInDays": 30}),
    "azure-role-narrow": Case(
        {"roleDefinitionId": ROLES + "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"},
        "gives away Owner",
        {"roleDefinitionId": ROLES + "7f951dda-4ed3-4680-a7ca-43fe172d538d"},
    ),
}


def test_every_rule_has_a_case() -> None:
    assert {rule.name for rule in RULES} == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_a_rule_is_broken_and_kept(name: str) -> None:
    check_case(name, CASES[name])


def test_a_production_site_has_another_replica_while_one_is_replaced() -> None:
    production = Facts("azure", {"size": "production"})
    app, one = "azure-app-replicas", {"template": {"scale": {"minReplicas": 1}}}
    assert "1 replicas always run, and at least 2 should" in ask(app, one, facts=production)
    assert ask(app, {"template": {"scale": {"minReplicas": 2}}}, facts=production) == ""


def test_an_environment_needs_an_identity_as_well() -> None:
    assert ask("azure-app-identity", {"identity": {"type": "None"}}, ENVIRONMENT)


@pytest.mark.parametrize("role", WIDE)
def test_each_wide_role_is_known_by_its_id(role: str) -> None:
    assert WIDE[role] in ask("azure-role-narrow", {"roleDefinitionId": ROLES + role})


def test_a_small_site_may_do_without_a_limit() -> None:
    assert ask("azure-rate-limited", {"template": {"containers": [{"name": "service"}]}}) == ""
