"""What the fault `spot` needs: a site that may have tasks on Fargate Spot, and enough of them asked for while it lasts.

ECS fills the strategy's base first and shares what is beyond by weight (ECS API, CapacityProviderStrategyItem).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from failover.drill.fleet import FleetSite
from failover.levers.change import ECS, Change
from failover.levers.clouds import Clouds
from failover.levers.ecs import describe_service
from failover.levers.lever import Lever

SPOT = "FARGATE_SPOT"
_WITHOUT = (
    ("/subscriptions/", "Container Apps has no capacity that Azure takes back from an app"),
    ("projects/", "Cloud Run has no capacity that Google takes back from a service"),
)


@dataclass(frozen=True)
class Mix:
    """How many tasks run before any is on Spot, and which share of those beyond is."""

    base: int
    share: float

    @property
    def asked(self) -> int:
        """The fewest tasks of which one is on Spot."""
        return self.base + math.ceil(1 / self.share)

    @property
    def on_demand(self) -> int:
        """How many of those that are asked for stay when Spot takes its own back."""
        return self.asked - math.floor((self.asked - self.base) * self.share)


def read_mix(strategy: Sequence[Mapping[str, Any]]) -> Mix | None:
    """From a service's capacityProviderStrategy; None where nothing of it is on Spot."""
    weights = {str(one["capacityProvider"]): int(one.get("weight", 0)) for one in strategy}
    if not weights.get(SPOT):
        return None
    base = sum(int(one.get("base", 0)) for one in strategy if one["capacityProvider"] != SPOT)
    return Mix(base, weights[SPOT] / sum(weights.values()))


def find_mix(clouds: Clouds, site: FleetSite) -> Mix | str:
    """What of a site's tasks is on Spot, or in words why none can be."""
    for beginning, why in _WITHOUT:
        if site.workload.startswith(beginning):
            return why
    if not site.workload:
        return "no cloud runs it"
    service = describe_service(clouds, site.workload, "look at the capacity of")
    mix = read_mix(service.get("capacityProviderStrategy", []))
    return mix or f"its service has no task on {SPOT}: set outlast:spotAbove to true in its stack, then `make up`"


@contextmanager
def scaled_above(
    clouds: Clouds, lever: Lever, site: FleetSite, mix: Mix, wait: Callable[[Callable[[], bool], str], None]
) -> Iterator[None]:
    """With a task on Spot, its scaling suspended so that none goes for want of load; then as it was before."""
    before = lever.look(site.workload)
    after = {key: mix.asked if key == "desired" else True for key in before}
    change = Change(ECS, site.check.id, site.check.version, before, after, site.workload)
    try:
        lever.apply(change)
        wait(lambda: count_running(clouds, site) == mix.asked, f"{mix.asked} tasks of {site.name}")
        yield
    finally:
        lever.undo(change)


def count_running(clouds: Clouds, site: FleetSite) -> int:
    """How many tasks of a site run now."""
    return int(describe_service(clouds, site.workload, "count the tasks of")["runningCount"])


def tell_left(running: int, mix: Mix) -> tuple[str, ...]:
    """What is not as promised of the tasks that run while Spot has none: those on demand carry on, and no other."""
    if running == mix.on_demand:
        return ()
    return (f"{running} tasks ran while Spot had none, expected were the {mix.on_demand} on demand",)
