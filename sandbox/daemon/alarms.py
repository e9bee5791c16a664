"""The alarms of a sandbox, put together: what is counted, what is looked at, and where the mails are."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path

from failover.simulator import MovingRoute53
from sandbox.alarms.bills import Bills
from sandbox.alarms.counts import Counts
from sandbox.alarms.gauges import Gauges
from sandbox.alarms.watch import AlarmWatch, Files
from sandbox.clouds import aws, azure, gcp
from sandbox.clouds.aws.alarms import HEALTH_CHECK
from sandbox.clouds.world import World
from sandbox.layout import Layout
from sandbox.replicas.supervisor import Supervisor
from service.errors import Unavailable


def watch_alarms(
    layout: Layout,
    counts: Counts,
    world: World,
    supervisor: Supervisor,
    route53: MovingRoute53,
    report: Callable[[str], None],
) -> AlarmWatch:
    """The watch of the alarms in `world`; it follows none before it is told to."""
    gauges = Gauges(counts, supervisor.status, partial(_health, world, route53))
    prices = partial(_price, layout.root / "stacks", counts, world)
    bills = Bills(counts, world.clock.simulated_now, partial(_billed, world), prices, layout.state / "bills.json")
    files = Files(layout.state / "alarms.json", layout.state / "mails.txt")

    def note() -> None:
        gauges.note()
        bills.note()

    return AlarmWatch(world.clock, counts, files, note=note, report=report)


def _billed(world: World) -> Mapping[str, Collection[str]]:
    return {**aws.budgets.billed(world), **azure.budgets.billed(world), **gcp.budgets.billed(world)}


def _price(folder: Path, counts: Counts, world: World, stacks: Collection[str]) -> Mapping[str, float]:
    # Only where there is a budget: what reads stack files takes the daemon a while to import.
    from sandbox.alarms.prices import price_stacks

    return price_stacks(folder, counts, world.clock.simulated_now(), stacks)


def _health(world: World, route53: MovingRoute53) -> dict[str, bool]:
    found = {}
    for check in world.store.all(HEALTH_CHECK):
        with contextlib.suppress(Unavailable):  # deleted a moment ago
            found[check.id] = route53.status(check.id).healthy
    return found
