"""For how long each cloud keeps a site's log: what it offers, and what keeps it longer than by default. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from infra.settings.profiles import Profile
from infra.settings.reader import Reader

# botocore, logs PutRetentionPolicy: the days that CloudWatch Logs takes.
_CLOUDWATCH = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)

OFFERED: Mapping[str, tuple[int, ...] | range] = {
    "aws": _CLOUDWATCH,
    # learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure: 30 days are in the price of ingestion.
    "azure": range(30, 731),
    # cloud.google.com/logging/docs/reference/v2/rest/v2/locations.buckets, retentionDays
    "gcp": range(1, 3651),
}
"""Cloud -> the days that it offers."""

ACCESS_LOGS = "accessLogs"
"""The setting that asks for a line for each request that reaches what lets requests in."""

AZURE_REQUESTS = "ContainerAppHTTPLogs"
"""Azure's table of them: learn.microsoft.com/azure/azure-monitor/reference/tables/containerapphttplogs"""

GOOGLES_OWN = 30
"""What a project's own bucket `_Default` keeps: a site that asks for as many needs none of its own."""


def explain_bad_days(cloud: str, days: int) -> str | None:
    """What to write instead of days that the cloud does not offer; None when it does."""
    offered = OFFERED[cloud]
    if days in offered:
        return None
    if isinstance(offered, range):
        return f"{offered[0]} to {offered[-1]}"
    near = sorted(sorted(offered, key=lambda one: abs(one - days))[:2])
    return f"{' or '.join(map(str, near))} (CloudWatch Logs takes {', '.join(map(str, offered))})"


def read_log_days(reader: Reader, profile: Profile) -> int:
    """For how many days a site's log is kept, as many as its cloud offers."""
    days = reader.integer("logRetentionDays", 1, 3653, profile.integer("logRetentionDays"))
    instead = None if reader.is_wrong("logRetentionDays") else explain_bad_days(profile.cloud, days)
    if instead:
        reader.wrong("logRetentionDays", f"is {days}, which {profile.cloud} does not offer", f"write {instead}")
    return days
