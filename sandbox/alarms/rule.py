"""An alarm as a cloud describes it: which series it measures, what counts as a violation, and who is told. Plain data.

Every cloud's alarms come down to this: periods of time, in each of which a value is or is not beyond a threshold.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class State(enum.StrEnum):
    """In the words of CloudWatch; the other clouds say resolved or closed, and fired or open."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


SERIES: Mapping[str, str] = {
    "requests": "requests that the load balancer passed on to a replica",
    "answers": "requests that were answered, by a replica or by the load balancer itself",
    "replica_errors": "answers of replicas with a status of 500 or more",
    "balancer_errors": "answers of the load balancer itself with a status of 500 or more",
    "errors": "both together",
    "seconds": "from a request until the head of a replica's answer, in seconds of this machine",
    "replicas": "replicas that serve",
    "unhealthy": "replicas that are asked for and do not serve",
    "cpu": "CPU of each replica, in per cent of one core of this machine",
    "memory": "memory of each replica, in per cent of what it is given",
    "rejected": "connections that the load balancer could not take: never here",
    "health": "1 while Route 53 finds the health check healthy, else 0",
    "spent": "USD of the month so far, of what a budget looks at",
    "expected": "USD of the whole month, if it goes on as now",
}
"""What the sandbox counts and measures, each by site, `health` by health check, `spent` and `expected` by budget."""


@dataclass(frozen=True)
class Measure:
    """One metric: a series of a site (or of a health check), and what is made of its values in a period.

    A metric that nothing here emits has no series, and so no data, as a misspelt one of CloudWatch.
    """

    series: str
    of: str
    statistic: str  # sum, average, minimum, maximum, count, p50, p95 …
    scale: float = 1.0


@dataclass(frozen=True)
class Condition:
    """Violated where `breaching` of the last `points` periods are beyond the threshold.

    `missing` says what a period without data is taken for: `missing`, `ignore`, `breaching` or `notBreaching`. They end
    at every look where they are `sliding`, else at multiples of themselves; after `clears_after` looks without a
    violation it is over.
    """

    measures: tuple[tuple[str, Measure], ...]
    expression: str  # over the names of the measures
    period: int  # simulated seconds
    points: int
    breaching: int
    comparison: str  # >, >=, <, <=
    threshold: float
    missing: str = "missing"
    sliding: bool = False
    clears_after: int = 1

    def is_beyond(self, value: float) -> bool:
        """Whether a period's value violates."""
        return {
            ">": value > self.threshold,
            ">=": value >= self.threshold,
            "<": value < self.threshold,
            "<=": value <= self.threshold,
        }[self.comparison]


@dataclass(frozen=True)
class AlarmRule:
    """One alarm: it is on where `every` one, or any, of its conditions is violated."""

    key: str
    stack: str
    name: str
    about: str
    conditions: Sequence[Condition]
    every: bool = True
    told: tuple[str, ...] = ()  # addresses, when it begins
    told_end: tuple[str, ...] = ()  # when it is over
    told_unknown: tuple[str, ...] = ()  # and when there are no data any more
