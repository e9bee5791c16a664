"""Pure: when Route 53 calls a health check healthy, and what a checker concludes from its observations.

Sources: Developer Guide, `dns-failover-determining-health-of-endpoints`; API reference, `HealthCheckConfig`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from failover.routing.predict import CHECKER_REGIONS, HEALTHY_SHARE

Config = Mapping[str, Any]
"""A `HealthCheckConfig` as boto3 gives it."""


@dataclass(frozen=True)
class Opinion:
    """What one checker thinks: `streak` counts the latest observations in a row that contradict `healthy`."""

    healthy: bool = True  # a new health check is healthy until there is enough data
    streak: int = 0

    def after(self, success: bool, threshold: int) -> Opinion:
        """The opinion after one more observation: `threshold` contradictions in a row turn it round."""
        if success == self.healthy:
            return Opinion(self.healthy, 0)
        if self.streak + 1 >= threshold:
            return Opinion(success, 0)
        return Opinion(self.healthy, self.streak + 1)


Share = Callable[[str], float]
"""Id of a check that looks at something -> the share of those who look that call it healthy, 0..1."""


def is_healthy(check_id: str, configs: Mapping[str, Config], share: Share) -> bool:
    """The status of a health check among `configs`; an id that is not there (deleted meanwhile) counts as healthy."""
    return _is_healthy(check_id, configs, share, frozenset())


def _is_healthy(check_id: str, configs: Mapping[str, Config], share: Share, seen: frozenset[str]) -> bool:
    config = configs.get(check_id)
    if config is None or check_id in seen:
        return True
    if config.get("Disabled"):
        status = True  # "considers the status of the health check to always be healthy"
    elif config["Type"] == "CALCULATED":
        children = config.get("ChildHealthChecks") or ()
        well = sum(_is_healthy(child, configs, share, seen | {check_id}) for child in children)
        status = well >= int(config.get("HealthThreshold") or 0)  # 0: always; more than there are children: never
    else:
        status = share(check_id) > HEALTHY_SHARE
    return status != bool(config.get("Inverted"))


def alarm_says(config: Config, state: str | None, last_known: bool) -> bool:
    """Whether a CLOUDWATCH_METRIC check is healthy while its alarm is in `state`; None: there is no such alarm.

    Source: API reference, `HealthCheckConfig`, Type and InsufficientDataHealthStatus.
    """
    if state in ("OK", "ALARM"):
        return state == "OK"
    wanted = config.get("InsufficientDataHealthStatus") or "LastKnownStatus"
    return last_known if wanted == "LastKnownStatus" else bool(wanted == "Healthy")


def alarm_of(config: Config) -> tuple[str, str] | None:
    """Region and name of the alarm that this check follows; None for one that follows no alarm."""
    alarm = config.get("AlarmIdentifier") if config["Type"] == "CLOUDWATCH_METRIC" else None
    return (alarm["Region"], alarm["Name"]) if alarm else None


def regions_of(config: Config) -> tuple[str, ...]:
    """Where this check is made from; empty when nothing is probed (disabled, calculated, an alarm's)."""
    if config.get("Disabled") or not is_endpoint(config):
        return ()
    return tuple(config.get("Regions") or CHECKER_REGIONS)


def is_endpoint(config: Config) -> bool:
    """Whether checkers connect anywhere for this check."""
    return config["Type"] in ("HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP")
