"""Real service processes: what ECS, Container Apps and Cloud Run do with an image.

A workload asks for replicas of an image; the supervisor keeps that many alive, lets a new revision take over only
once it is ready, and keeps the old one where the new one never gets ready. Each replica has a loopback address of
its own, as a task or an instance has in the real cloud, and listens there on the port of the container definition.

Over 300 lines, being one class.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from failover.simulator.clock import ScaledClock
from sandbox.images import store as images
from sandbox.replicas.machine import bearable, has_memory, measure
from sandbox.replicas.probes import Probes
from sandbox.replicas.processes import Process, end_leftovers, program_of, write_down
from sandbox.replicas.workload import Workload
from sandbox.replicas.workloads import RESTART_SECONDS, Group, Replica
from service.errors import Unavailable

__all__ = ["Replica", "Supervisor"]

# Wall seconds. A process needs real time to end, at any speed of the clock.
STOP_WALL_SECONDS = 8.0
# When the whole sandbox goes there is nobody to drain for: what has not ended by then is killed.
OFF_WALL_SECONDS = 1.0
_TICK_WALL_SECONDS = 0.1
# While every replica is ready and none is at work. What a fault, an update or a listener changes is told at once.
_REST_WALL_SECONDS = 0.3


class Supervisor:
    """Keeps the replicas of every workload. Thread-safe; owns its threads between `start` and `stop`.

    Args:
        addresses: loopback addresses for replicas.
        state_file: where running processes are written down.
        report: told of deaths and failures, one line each.
        resized: told of a workload's key and how many replicas a scaling rule wants of it from now on.
        bears_more: whether this machine has room for another replica beyond the least that a workload asks for.
    """

    def __init__(
        self,
        *,
        clock: ScaledClock,
        image_store: Path,
        addresses: Iterable[str],
        state_file: Path,
        logs: Path,
        report: Callable[[str], None],
        local_path: Callable[[str], Path | None] = lambda url: None,
        resized: Callable[[str, int], None] = lambda key, count: None,
        bears_more: Callable[[], bool] = has_memory,
        stop_wall_seconds: float = STOP_WALL_SECONDS,
    ) -> None:
        self._clock = clock
        self._store = image_store
        self._addresses = list(addresses)
        self._state_file = state_file
        self._logs = logs
        self._report = report
        self._local_path = local_path
        self._resized = resized
        self._bears_more = bears_more
        self._stop_wall_seconds = stop_wall_seconds
        self._groups: dict[str, Group] = {}
        self._changed = threading.Condition()
        self._ended = False
        self._probes = Probes(clock, self._changed, lambda: self._ended, report)
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._next_address = 0
        self._ticking = threading.Lock()
        self._said = ""

    def start(self) -> None:
        """End what an earlier sandbox of this folder left running, then begin."""
        end_leftovers(self._state_file)
        self._logs.mkdir(parents=True, exist_ok=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop every replica at once and wait until it is gone."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        replicas = [r for g in self._groups.values() for r in g.replicas]
        for replica in replicas:
            replica.stop()
        deadline = time.monotonic() + min(self._stop_wall_seconds, OFF_WALL_SECONDS)
        for replica in replicas:
            replica.process.end(deadline - time.monotonic())
        self._state_file.unlink(missing_ok=True)

    def apply(self, workloads: Sequence[Workload], proven: Mapping[str, Workload] | None = None) -> None:
        """Make the running replicas those of `workloads`, in the background.

        `proven` has, by key, what an earlier sandbox saw working: what to fall back on where the newest does not.
        """
        with self._changed:
            wanted = {w.key: w for w in workloads}
            for key, workload in wanted.items():
                if key not in self._groups:
                    self._groups[key] = Group(workload, proven=(proven or {}).get(key))
                for replica in self._groups[key].ask(workload):
                    self._probes.ask_again(replica)
            for key, group in self._groups.items():
                if key not in wanted:
                    group.remove()
            self._changed.notify_all()

    def wait_ready(self, key: str, timeout_seconds: float, cancelled: Callable[[], bool]) -> None:
        """Return once the workload's newest revision serves. Raises Unavailable with the log's end otherwise.

        A revision that was given up before is tried once more: whoever waits has asked for it again.
        """
        deadline = self._clock.simulated_now() + timeout_seconds
        with self._changed:
            if key in self._groups:
                self._groups[key].retry()
            while True:
                group = self._groups.get(key)
                if group is not None and group.workload.revision in group.failed:
                    why = group.failed[group.workload.revision]
                    raise Unavailable(f"the revision did not become ready: {why}", hint=f"see {self._logs}")
                if group is not None and group.is_settled():
                    return
                if self._ended or cancelled() or self._clock.simulated_now() > deadline:
                    what = "was cancelled" if self._ended or cancelled() else "was not ready in time"
                    raise Unavailable(f"the revision {what}", hint=f"see {self._logs}")
                self._changed.wait(_TICK_WALL_SECONDS)

    def fate(self, key: str, revision: str) -> str | None:
        """What became of a workload's revision: "" where it serves, the reason where it was given up, None before."""
        with self._changed:
            group = self._groups.get(key)
            if group is None or group.workload.revision != revision:
                return None
            return group.failed.get(revision, "" if group.is_settled() else None)

    def ready(self, key: str) -> list[Replica]:
        """The replicas that traffic may reach now, the newest revision's once it has any."""
        with self._changed:
            group = self._groups.get(key)
            return group.serving() if group else []

    @contextlib.contextmanager
    def waiting(self, key: str) -> Iterator[bool]:
        """Count as a connection that waits for the first replica. Gives whether one may come: none of max 0 does."""
        with self._changed:
            group = self._groups.get(key)
            if group is not None and not group.workload.sleeps:
                group = None
            if group is not None:
                group.waiting += 1
                self._changed.notify_all()
        try:
            yield group is not None
        finally:
            if group is not None:
                with self._changed:
                    group.waiting -= 1

    def kill(self, stack: str, until: float, count: int | None = None) -> int:
        """Kill (SIGKILL) `count` replicas of a site, all by default, and start none before `until` on the clock.

        Returns how many were killed.
        """
        killed = 0
        with self._changed:
            for group in self._groups.values():
                if group.workload.stack == stack:
                    alive = sorted((r for r in group.replicas if r.alive), key=lambda r: not r.serves)
                    victims = alive[:count]
                    group.hold(victims, until, count)
                    killed += len(victims)
            self._changed.notify_all()
        return killed

    def on_spot(self, stack: str) -> int:
        """How many replicas of a site are on capacity that may be taken back."""
        with self._changed:
            return sum(len(group.on_spot()) for group in self._groups.values() if group.workload.stack == stack)

    def take_back(self, stack: str, until: float) -> None:
        """Let the cloud take that capacity back: its replicas drain and end, none comes before `until` on the clock."""
        with self._changed:
            for group in self._groups.values():
                if group.workload.stack == stack:
                    count = group.take_back(until)
                    self._report(f"{group.workload.key}: {count} tasks on Spot are interrupted (two minutes' notice)")
            self._changed.notify_all()

    def release(self, stack: str | None = None) -> None:
        """Let the replicas of a site, or of all, be started again."""
        with self._changed:
            for group in self._groups.values():
                if stack in (None, group.workload.stack):
                    group.release()
            self._changed.notify_all()

    def status(self) -> list[dict[str, Any]]:
        """One entry a workload: key, stack, bounds, what failed, replicas with pid, address and readiness."""
        with self._changed:
            return [group.describe() for group in self._groups.values()]

    def images(self) -> set[str]:
        """The digests of the images that processes run, those that are ending too."""
        with self._changed:
            return {replica.workload.image for group in self._groups.values() for replica in group.replicas}

    def logs(self) -> set[Path]:
        """The files to which processes write."""
        with self._changed:
            return {replica.process.log for group in self._groups.values() for replica in group.replicas}

    def tick(self) -> None:
        """Do now what is due now; returns once it is done. The loop does the same, at its own pace."""
        try:
            with self._ticking:
                with self._changed:
                    starts = [start for key in list(self._groups) for start in self._tend(key)]
                    news = {key: count for key, g in self._groups.items() if (count := g.take_news()) is not None}
                for key, count in news.items():
                    self._resized(key, count)
                for group, workload in starts:
                    self._launch(group, workload)
        except Exception as error:  # a full disk, say: supervision must not end with it
            self._say(f"the supervisor could not do its work: {error!r}")

    def _run(self) -> None:
        while not self._ended:
            self.tick()
            with self._changed:
                if not self._ended:
                    at_rest = all(group.is_at_rest for group in self._groups.values())
                    self._changed.wait(_REST_WALL_SECONDS if at_rest else _TICK_WALL_SECONDS)

    def _tend(self, key: str) -> list[tuple[Group, Workload]]:
        """Bury the dead, stop what is too many, and give what is to be started. Called with the lock held."""
        group, now = self._groups[key], self._clock.simulated_now()
        self._bury(group, now)
        for replica in group.late(now, self._clock.speed):
            replica.stop()
        measure(group, now)
        group.scale(now)
        for replica in group.surplus():
            replica.stop()
        group.prove()
        if group.is_gone:
            del self._groups[key]
        return [(group, group.active)] * bearable(group, group.missing(now), self._bears_more, self._say)

    def _bury(self, group: Group, now: float) -> None:
        for replica in list(group.replicas):
            process = replica.process
            if not replica.alive:
                process.bury()
                group.note_death(replica, now)
                self._remember()
                if replica.stopping_since is None:
                    self._report(f"{replica.workload.key}: replica {process.pid} ended ({process.exit_code})")
                self._changed.notify_all()
            elif replica.stopping_since and time.monotonic() - replica.stopping_since > self._stop_wall_seconds:
                process.send(signal.SIGKILL)

    def _launch(self, group: Group, workload: Workload) -> None:
        """Start one replica. Without the lock: a virtual environment that is missing takes its time to make."""
        if self._ended:
            return
        try:
            program = program_of(images.load(self._store, workload.image), self._report)
            address = self._lease()
            variables = workload.variables(address, self._clock.to_wall, self._local_path)
            log = self._logs / f"{workload.stack}-{address.rpartition('.')[2]}.log"
            process, now = Process(program, variables, log), self._clock.simulated_now()
            replica = Replica(workload, address, process, now, meter=group.meter)
        except Unavailable as error:
            with self._changed:
                group.fail(workload.revision, str(error), self._clock.simulated_now())
                self._changed.notify_all()
            return
        with self._changed:
            if workload.revision == group.workload.revision:
                replica.workload = group.workload  # whose health check may have changed meanwhile
            group.replicas.append(replica)
            try:
                self._remember()
            except OSError:
                replica.stop()  # what is not written down must not run
                group.restart_at = self._clock.simulated_now() + RESTART_SECONDS
                raise
        replica.process.release()
        self._probes.await_answer(group, replica)

    def _lease(self) -> str:
        with self._changed:
            used = {r.address for g in self._groups.values() for r in g.replicas}
        for _ in self._addresses:
            address = self._addresses[self._next_address % len(self._addresses)]
            self._next_address += 1
            if address not in used:
                return address
        raise Unavailable(f"all {len(self._addresses)} replica addresses are in use", hint="ask for fewer replicas")

    def _remember(self) -> None:
        """Write the processes down, so that the next sandbox ends them should this one be killed."""
        write_down((r.process for g in self._groups.values() for r in g.replicas), self._state_file)

    def _say(self, what: str) -> None:
        """Report a failure of the loop once, not ten times a second."""
        if what != self._said:
            self._said = what
            self._report(what)
