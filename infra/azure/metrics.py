"""The metrics of a site on Azure: each named once, for its alarms and its dashboard.

learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/microsoft-app-containerapps-metrics
"""

from __future__ import annotations

from dataclasses import dataclass

APP_METRICS = "Microsoft.App/containerApps"
MILLISECONDS = 1000
CATEGORY, FIVE_HUNDREDS = "statusCodeCategory", "5xx"
"""The dimension of Requests by which errors are told apart, and its value."""


@dataclass(frozen=True)
class Metric:
    """One metric of a container app and how its values are taken together; `category`: of those answers alone."""

    name: str
    aggregation: str
    category: str = ""


REQUESTS = Metric("Requests", "Total")
ERRORS = Metric("Requests", "Total", FIVE_HUNDREDS)
LATENCY = Metric("ResponseTime", "Average")
REPLICAS = Metric("Replicas", "Maximum")
CPU = Metric("CpuPercentage", "Average")
MEMORY = Metric("MemoryPercentage", "Average")
