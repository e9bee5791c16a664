"""What a site bears, found by asking it more and more: which step counts, and what it says of one replica. Pure."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

GAIN = 1.05
"""A step that gives less than this over the best before it has found the limit."""

_RPS = re.compile(r"^(?P<indent>[ \t]*)outlast:rpsPerReplica:.*$", re.MULTILINE)
_MEASURED = re.compile(r"^[ \t]*outlast:rpsMeasuredOn:.*(\n|\Z)", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """Some seconds in which `clients` each asked again as soon as they had an answer."""

    clients: int
    rps: float
    p95_seconds: float
    failed: int

    def holds(self, p95_seconds: float) -> bool:
        """Whether every answer was right, and 95 in 100 came in time."""
        return not self.failed and self.p95_seconds <= p95_seconds


def is_over(steps: Sequence[Step], p95_seconds: float) -> bool:
    """Whether asking more would tell nothing new: the last step failed, or gave hardly more than those before it."""
    if not steps[-1].holds(p95_seconds):
        return True
    before = max((step.rps for step in steps[:-1]), default=0.0)
    return steps[-1].rps < GAIN * before


def choose(steps: Sequence[Step], p95_seconds: float) -> Step | None:
    """The step that counts: the most requests a second of those that held; None where not even the first did."""
    return max((step for step in steps if step.holds(p95_seconds)), key=lambda step: step.rps, default=None)


def is_lower_bound(steps: Sequence[Step], p95_seconds: float) -> bool:
    """Whether the site was never asked for more than it bears: it may bear more than was found."""
    return not is_over(steps, p95_seconds)


def per_replica(step: Step, replicas: int) -> int:
    """Requests a second that one of so many replicas bears, rounded down; at least 1."""
    return max(math.floor(step.rps / replicas), 1)


def write_measured(text: str, rps: int, day: datetime.date) -> str:
    """A site's stack file with `outlast:rpsPerReplica` as measured on that day; everything else is as it was.

    Raises ValueError for a file without the setting.
    """
    without = _MEASURED.sub("", text)
    found = _RPS.search(without)
    if not found:
        raise ValueError("it has no line outlast:rpsPerReplica")
    indent = found["indent"]
    lines = f'{indent}outlast:rpsPerReplica: {rps}\n{indent}outlast:rpsMeasuredOn: "{day.isoformat()}"'
    return without[: found.start()] + lines + without[found.end() :]
