"""A site's health check, as Route 53 will know it. Pure."""

from __future__ import annotations

from typing import Any

from infra import plan
from infra.contract import HEALTH_PATH, HEALTH_TEXT, KnownSite
from infra.settings.kinds import TrafficSettings


def describe_check(settings: TrafficSettings, site: KnownSite) -> dict[str, Any]:
    """The site's health check as Route 53 will know it (HealthCheckConfig)."""
    address = {"IPAddress": site.probe_address} if plan.is_ipv4(site.probe_address) else {}
    return address | {
        "Type": "HTTPS_STR_MATCH",
        "FullyQualifiedDomainName": site.probe_server_name,
        "Port": 443,
        "EnableSNI": True,
        "ResourcePath": HEALTH_PATH,
        "SearchString": HEALTH_TEXT,
        "RequestInterval": settings.interval_seconds,
        "FailureThreshold": settings.failure_threshold,
    }
