"""The alarms of a sandbox, put together: what is counted, what is looked at, and where the mails are."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial

from failover.simulator import MovingRoute53
from sandbox.alarms.counts import Counts
from sandbox.alarms.gauges import Gauges
from sandbox.alarms.watch import AlarmWatch, Files
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
    files = Files(layout.state / "alarms.json", layout.state / "mails.txt")
    return AlarmWatch(world.clock, counts, files, note=gauges.note, report=report)


def _health(world: World, route53: MovingRoute53) -> dict[str, bool]:
    found = {}
    for check in world.store.all(HEALTH_CHECK):
        with contextlib.suppress(Unavailable):  # deleted a moment ago
            found[check.id] = route53.status(check.id).healthy
    return found
