"""Asking replicas whether they are healthy, each in a thread of its own: one that hangs must not hold up the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from failover.simulator.clock import ScaledClock
from sandbox.replicas.processes import answers
from sandbox.replicas.workloads import Group, Replica

# Simulated seconds that a replica may fail a health check that changed under it: two looks, ten seconds apart, and one
# that was under way; and the least on the wall, for a laptop answers no faster when its clock runs faster.
UNHEALTHY_SECONDS, UNHEALTHY_WALL_SECONDS = 30.0, 2.0
_EVERY_WALL_SECONDS = 0.05


class Probes:
    """What the supervisor knows of its replicas' health. `changed` guards the replicas; `ended` says when to stop."""

    def __init__(self, clock: ScaledClock, changed: threading.Condition, ended: Callable[[], bool]) -> None:
        self._clock = clock
        self._changed = changed
        self._ended = ended

    def await_answer(self, group: Group, replica: Replica) -> None:
        """Let a replica that was just started be ready once it answers."""

        def ask() -> None:
            if self._answers(replica, self._ended):
                with self._changed:
                    replica.ready = True
                    group.prove()
                    self._changed.notify_all()

        threading.Thread(target=ask, name="probe", daemon=True).start()

    def ask_again(self, replica: Replica) -> None:
        """End a ready replica that fails a health check which changed under it; another takes its place."""
        end = self._clock.simulated_now() + max(UNHEALTHY_SECONDS, UNHEALTHY_WALL_SECONDS * self._clock.speed)

        def ask() -> None:
            if self._answers(replica, lambda: self._ended() or self._clock.simulated_now() > end):
                return
            with self._changed:
                replica.ready = False
                replica.stop()
                self._changed.notify_all()

        threading.Thread(target=ask, name="probe", daemon=True).start()

    def _answers(self, replica: Replica, given_up: Callable[[], bool]) -> bool:
        """Ask until a good answer comes, at the path that is then asked for; False where the replica ends before it."""
        while replica.alive and replica.stopping_since is None and not given_up():
            if answers(replica.address, replica.port, replica.workload.probe_path):
                return True
            time.sleep(_EVERY_WALL_SECONDS)
        return False
