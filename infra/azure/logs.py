"""Where a site on Azure has its log: a workspace of its own, to which the environment's diagnostic setting sends it.

Not the environment's own destination `log-analytics`: that one is given the workspace's key, which would lie in
Pulumi's state; a diagnostic setting needs none.
"""

from __future__ import annotations

import pulumi
from pulumi_azure_native import app, monitor

from infra.contract import SiteSpec
from infra.settings.log_days import AZURE_REQUESTS

CATEGORIES = ("ContainerAppConsoleLogs", "ContainerAppSystemLogs")
"""What containers print, and why they were started and stopped: learn.microsoft.com/azure/container-apps/log-options"""


def send_logs(environment: app.ManagedEnvironment, workspace_id: pulumi.Output[str], spec: SiteSpec) -> pulumi.Resource:
    """Every line of the environment goes to the workspace, and by choice one for each request."""
    wanted = (*CATEGORIES, AZURE_REQUESTS) if spec.access_logs else CATEGORIES
    setting: pulumi.Resource = monitor.DiagnosticSetting(
        "logs",
        name="logs",
        resource_uri=environment.id,
        workspace_id=workspace_id,
        logs=[monitor.DiagnosticsLogSettingsArgs(category=one, enabled=True) for one in wanted],
    )
    return setting
