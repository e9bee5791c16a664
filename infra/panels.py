"""What a site's dashboard shows: one table of panels for every cloud, with the alarms' thresholds as lines. Pure.

The metric of a panel is named by its cloud's module (`infra.aws.metrics` and its like), once for alarms
and dashboards together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from infra.alerts import BUSY, ERRORS, REJECTED, SLOW, UNHEALTHY, Alert
from infra.contract import Replicas

KEY = "dashboard"
"""The setting that asks for one."""


@dataclass(frozen=True, eq=False)
class Panel:
    """One chart: its title, the unit of its values, and the alarm whose threshold is drawn, where there is one."""

    title: str
    unit: str
    alert: Alert | None = None


@dataclass(frozen=True)
class Mark:
    """A horizontal line, in the unit of its panel."""

    label: str
    value: float


REQUESTS = Panel("Requests", "a minute")
SHARE_OF_ERRORS = Panel("Answers with an error of the server (5xx)", "% of all", ERRORS)
LATENCY = Panel("Time of the slowest twentieth of the answers (p95)", "s", SLOW)
REPLICAS = Panel("Replicas that serve, and that should and do not", "replicas", UNHEALTHY)
SATURATION = Panel("CPU and memory of the replicas", "%", BUSY)
REFUSED = Panel("Connections that the load balancer rejects", "a minute", REJECTED)

PANELS = (REQUESTS, SHARE_OF_ERRORS, LATENCY, REPLICAS, SATURATION, REFUSED)
"""In the order of reading: what is asked, how it is answered, and what answers."""


def marks(panel: Panel, replicas: Replicas) -> Sequence[Mark]:
    """The lines of a panel: the alarm's threshold, and for replicas the bounds between which they scale."""
    if panel is REPLICAS:
        return (Mark("minimum", replicas.minimum), Mark("maximum", replicas.maximum))
    return (Mark(f"alarm {panel.alert.name}", panel.alert.threshold),) if panel.alert else ()


COLUMNS = 2


def place(position: int) -> tuple[int, int]:
    """Column and row of the panel at that position."""
    return position % COLUMNS, position // COLUMNS
