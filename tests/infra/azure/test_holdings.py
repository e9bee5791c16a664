"""A site's holdings on Azure: everything lies in one group, and its registry has no password."""

from __future__ import annotations

from collections.abc import Callable

from tests.infra.harness import Run


def test_registry_and_log_lie_in_the_sites_group(run_of: Callable[[str], Run]) -> None:
    run = run_of("azure")
    group = run.one("azure-native:resources:ResourceGroup").inputs["resourceGroupName"]
    for type_ in ("azure-native:containerregistry:Registry", "azure-native:operationalinsights:Workspace"):
        assert run.one(type_).inputs["resourceGroupName"] == group


def test_nobody_logs_in_to_the_registry_with_a_password(run_of: Callable[[str], Run]) -> None:
    assert run_of("azure").one("azure-native:containerregistry:Registry").inputs["adminUserEnabled"] is False
