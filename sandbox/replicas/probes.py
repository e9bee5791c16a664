"""Asking replicas whether they are healthy, each in a thread of its own: one that hangs must not hold up the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from failover.simulator.clock import ScaledClock
from sandbox.replicas.processes import answers
from sandbox.replicas.workload import Probe
from sandbox.replicas.workloads import Group, Replica

# Simulated seconds that a replica may fail a health check that changed under it: two looks, ten seconds apart, and one
# that was under way; and the least in real time, for a laptop answers no faster when its clock runs faster.
UNHEALTHY_SECONDS, UNHEALTHY_WALL_SECONDS = 30.0, 2.0
_EVERY_WALL_SECONDS = 0.05
_SLICE_WALL_SECONDS = 0.5  # between two looks at whether there is anybody to ask still


class Probes:
    """What the supervisor knows of its replicas' health. `changed` guards the replicas; `ended` says when to stop."""

    def __init__(
        self,
        clock: ScaledClock,
        changed: threading.Condition,
        ended: Callable[[], bool],
        report: Callable[[str], None],
    ) -> None:
        self._clock = clock
        self._changed = changed
        self._ended = ended
        self._report = report

    def await_answer(self, group: Group, replica: Replica) -> None:
        """Let a replica that was just started be ready once it answers; from then on it has to be seen alive."""

        def ask() -> None:
            startup = replica.workload.startup
            if startup and not self._answers(replica, lambda: startup):
                return
            if not self._answers(replica, lambda: replica.workload.asked):
                return
            with self._changed:
                replica.ready = True
                group.prove()
                self._changed.notify_all()
            if replica.workload.liveness:
                self._watch(replica, replica.workload.liveness)

        threading.Thread(target=ask, name="probe", daemon=True).start()

    def ask_again(self, replica: Replica) -> None:
        """End a ready replica that fails a health check which changed under it; another takes its place."""
        end = self._clock.simulated_now() + max(UNHEALTHY_SECONDS, UNHEALTHY_WALL_SECONDS * self._clock.speed)

        def ask() -> None:
            if not self._answers(replica, lambda: replica.workload.asked, lambda: self._clock.simulated_now() > end):
                self._end(replica)

        threading.Thread(target=ask, name="probe", daemon=True).start()

    def _watch(self, replica: Replica, liveness: Probe) -> None:
        """End a replica that goes unanswered as often as its liveness probe allows; another takes its place."""
        failures = 0
        while self._rest(replica, liveness.period_seconds):
            failures = 0 if answers(replica.address, liveness.port, liveness.path) else failures + 1
            if failures >= liveness.failures and self._is_asked(replica):
                who = f"{replica.workload.key}: replica {replica.process.pid}"
                self._report(f"{who} failed its liveness probe {failures} times: no answer on {liveness}")
                self._end(replica)

    def _rest(self, replica: Replica, seconds: float) -> bool:
        """Let that much simulated time pass; False as soon as the replica ends."""
        end = self._clock.simulated_now() + seconds
        while self._is_asked(replica):
            rest = self._clock.to_wall(end - self._clock.simulated_now())
            if rest <= 0:
                return True
            time.sleep(min(rest, _SLICE_WALL_SECONDS))
        return False

    def _answers(
        self, replica: Replica, asked: Callable[[], Probe], given_up: Callable[[], bool] = lambda: False
    ) -> bool:
        """Ask until a good answer comes, to what is then asked for; False where the replica ends before it."""
        while self._is_asked(replica) and not given_up():
            probe = asked()
            if answers(replica.address, probe.port, probe.path):
                return True
            time.sleep(_EVERY_WALL_SECONDS)
        return False

    def _is_asked(self, replica: Replica) -> bool:
        return replica.alive and replica.stopping_since is None and not self._ended()

    def _end(self, replica: Replica) -> None:
        with self._changed:
            replica.ready = False
            replica.stop()
            self._changed.notify_all()
