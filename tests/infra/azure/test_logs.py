"""A site's log on Azure: a workspace of its own, filled without a key, before the app runs."""

from __future__ import annotations

from collections.abc import Callable

from infra.azure.logs import CATEGORIES
from infra.settings.log_days import AZURE_REQUESTS
from tests.infra.harness import Run, run_stack

SETTING = "azure-native:monitor:DiagnosticSetting"


def test_every_line_goes_to_the_sites_workspace_before_its_app_runs(run_of: Callable[[str], Run]) -> None:
    run = run_of("azure")
    setting = run.one(SETTING).inputs
    assert (setting["resourceUri"], setting["workspaceId"]) == ("environment-id", "logs-id")
    assert {one["category"] for one in setting["logs"] if one["enabled"]} == set(CATEGORIES)
    assert f"{SETTING}::logs" in run.one("azure-native:app:ContainerApp").options["dependsOn"]


def test_no_key_of_the_workspace_is_read(run_of: Callable[[str], Run]) -> None:
    assert not [call for call in run_of("azure").calls if "operationalinsights" in call.lower()]


def test_it_is_kept_as_long_as_is_asked_for() -> None:
    run = run_stack("azure", logRetentionDays=730, protect=True)
    workspace = run.one("azure-native:operationalinsights:Workspace")
    assert workspace.inputs["retentionInDays"] == 730 and workspace.options["protect"]


def test_by_choice_a_line_for_each_request_goes_there_too() -> None:
    setting = run_stack("azure", accessLogs=True).one(SETTING).inputs
    assert [one["category"] for one in setting["logs"]] == [*CATEGORIES, AZURE_REQUESTS]
