"""Everything outside that a drill touches, handed in: only the commands build it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from failover.dial import Dial, authorise
from failover.drill.actions import Levers
from failover.drill.clients import Authority
from failover.drill.clock import WallClock
from failover.drill.samples import Pace
from failover.levers.replicas import Replicas
from service.bundle.golden import Golden

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client


@dataclass(frozen=True)
class DrillContext:
    """Clients, clock, resolver, folders: what a drill is given to work with."""

    route53: Route53Client
    dial: Dial
    authorities: Sequence[Authority]
    golden: Golden
    clock: WallClock
    drills: Path
    pace: Pace
    api_key: str = ""
    approved_by: str = ""
    run_by: str = ""
    levers: Levers = field(default_factory=dict)
    count_replicas: Callable[[str], Replicas] | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return authorise(self.api_key)
