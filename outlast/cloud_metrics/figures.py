"""What a cloud says of a site: the figures of one minute, and the alarms that are on. Plain data.

The clouds take a while to show a minute: CloudWatch and Azure Monitor one or two, Cloud Monitoring up to 210 s for what
a load balancer measures (cloud.google.com/monitoring/api/metrics_gcp). All are asked for a minute that is old enough
for each, so that the sites' shares add up, and a minute without a count had no request.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from infra.alerts import ALERTS, Alert

MINUTE = timedelta(minutes=1)
SERVICES = {"aws": "CloudWatch", "azure": "Azure Monitor", "gcp": "Cloud Monitoring"}
_OLD = 4


@dataclass(frozen=True)
class Figures:
    """One minute of a site; None is what its cloud did not measure then. `latency` says which one that is."""

    minute: datetime
    per_second: float
    failed_per_second: float = 0.0
    latency_ms: float | None = None
    latency: str = "p95"
    cpu_percent: float | None = None


@dataclass(frozen=True)
class CloudAlarm:
    """An alarm of a cloud that is on, and since when, where the cloud says so."""

    site: str
    name: str
    about: str
    since: datetime | None


@dataclass(frozen=True)
class Reading:
    """What was read of a site; `why_not` and `why_no_alarms` say why something is not there."""

    figures: Figures | None = None
    alarms: tuple[CloudAlarm, ...] = ()
    why_not: str = ""
    why_no_alarms: str = ""


def choose_minute(now: datetime) -> datetime:
    """The beginning of the latest minute that every cloud has whole."""
    return now.replace(second=0, microsecond=0) - _OLD * MINUTE


def alarm_names(name: str, cloud: str) -> dict[str, Alert]:
    """The alarms that a site's stack makes there, by the names that it gives them; `name` is that of its resources."""
    return {f"{name}-{alert.name}": alert for alert in ALERTS if cloud in alert.metrics}


def largest(values: Iterable[float]) -> float | None:
    """The largest; None of none."""
    return max(values, default=None)
