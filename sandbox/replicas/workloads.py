"""What a compute resource asks for, and what follows for its replicas: how many, which revision, which to stop.

Decisions only: no thread, no process is started here, and the time is an argument. `sandbox.replicas.supervisor` acts
on them. Over 300 lines, being what one class decides.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.replicas.processes import Process
from sandbox.replicas.scaling import Meter, Rule, Scaler
from sandbox.replicas.workload import Workload

# Simulated seconds from a replica's death to its successor's start: scheduling, pulling, starting. Assumed: no cloud
# promises a figure, and ECS's own restarts are seen at 20 s and more.
RESTART_SECONDS = 20.0
# Simulated seconds until a revision that never served is tried again, where there is none to fall back on: the
# longest that a Kubernetes kubelet waits between two starts of a container that crashes.
RETRY_SECONDS = 300.0
# Simulated seconds that a new revision without a startup probe has to get ready before it is given up.
READY_SECONDS = 300.0
# The same in real time: a laptop starts no Python any faster when its clock runs faster.
READY_WALL_SECONDS = 30.0
# Simulated seconds with less to do before a replica is stopped: Container Apps' cool-down period,
# https://learn.microsoft.com/azure/container-apps/scale-app; the other clouds wait longer (ECS and Cloud Run 15 min).
QUIET_SECONDS = 300.0


@dataclass(eq=False)
class Replica:
    """One running instance of a revision."""

    workload: Workload
    address: str
    process: Process
    started: float  # Simulated seconds of the clock
    meter: Meter = field(default_factory=Meter)  # its group's
    cpu_seconds: float = 0.0  # of it that the meter has
    ready: bool = False
    killed: bool = False  # by a fault: not its own failure
    stopping_since: float | None = None  # real seconds
    connections: int = 0

    @property
    def port(self) -> int:
        return self.workload.port

    @property
    def revision(self) -> str:
        return self.workload.revision

    @property
    def alive(self) -> bool:
        return self.process.alive

    @property
    def serves(self) -> bool:
        """Whether traffic may reach it now."""
        return self.ready and self.stopping_since is None and self.alive

    def is_late(self, now: float, speed: int) -> bool:
        """Whether it had its time to get ready: what its startup probe gives it, else a usual one."""
        startup = self.workload.startup
        given = startup.seconds if startup else READY_SECONDS
        return now - self.started > max(given, READY_WALL_SECONDS * speed)

    def describe(self) -> dict[str, Any]:
        return {
            "pid": self.process.pid,
            "address": self.address,
            "port": self.port,
            "ready": self.ready,
            "revision": self.revision,
            "connections": self.connections,
        }

    def stop(self) -> None:
        """Ask it to end; SIGKILL follows where it does not."""
        if self.stopping_since is None:
            self.stopping_since = time.monotonic()
            self.process.send(signal.SIGTERM)


@dataclass
class Group:
    """The replicas of one workload, of all its revisions."""

    workload: Workload
    proven: Workload | None = None  # the last one that was whole: it takes over again where the newest fails
    replicas: list[Replica] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)  # revision -> why it never got ready
    removed: bool = False
    wanted: int = 0
    waiting: int = 0  # connections that wait for the first replica
    restart_at: float = 0.0
    quiet_since: float = 0.0
    held_until: float = 0.0
    held: int | None = 0  # how many are not started again until then; None: none is
    meter: Meter = field(default_factory=Meter)
    scaler: Scaler = field(default_factory=Scaler)
    scaled_at: float | None = None  # when the rule was last asked
    measured_at: float = 0.0  # when processor time was last counted
    told: int | None = None  # the number of replicas that the cloud was told last

    def __post_init__(self) -> None:
        self.wanted = self.workload.start or 0

    @property
    def active(self) -> Workload:
        """The workload whose replicas are kept: the newest, or the last good one where that failed."""
        if self.workload.revision in self.failed and self.proven is not None:
            return self.proven
        return self.workload

    @property
    def connections(self) -> int:
        return sum(r.connections for r in self.replicas) + self.waiting

    @property
    def is_gone(self) -> bool:
        """Whether it is no longer asked for and nothing is left of it."""
        return self.removed and not self.replicas

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is being started, stopped or asked of it: only an unforeseen death could change that."""
        return (
            not self.removed
            and self.connections == 0
            and len(self.replicas) == self.wanted >= max(1, self.workload.min_replicas)
            and all(r.serves and not r.killed and r.revision == self.workload.revision for r in self.replicas)
        )

    def is_proven(self, revision: str) -> bool:
        return self.proven is not None and self.proven.revision == revision

    def remove(self) -> None:
        """The resource is gone: so are its replicas, soon."""
        self.ask(replace(self.workload, min_replicas=0, max_replicas=0))
        self.removed = True

    def of_revision(self, revision: str) -> list[Replica]:
        return [r for r in self.replicas if r.revision == revision and r.stopping_since is None]

    def ask(self, workload: Workload) -> list[Replica]:
        """Follow a new request of the resource; the replicas whose health is to be asked anew, at another path."""
        self.prove()  # what was whole until this moment is what to fall back on
        again = self._move_probe(workload)
        self.removed = False
        if workload.revision != self.workload.revision:
            self.failed.pop(workload.revision, None)
            self.restart_at = 0.0
        if workload.start not in (None, self.workload.start):
            self.wanted = workload.start or 0  # somebody asked the cloud for another number
        self.workload = workload
        self.wanted = min(max(self.wanted, workload.min_replicas), workload.max_replicas)
        return again

    def _move_probe(self, workload: Workload) -> list[Replica]:
        """The health check changed and nothing else: the same replicas answer to it from now on."""
        if self.proven is not None and workload.probed_by_balancer:  # which asks those to fall back on as well
            self.proven = replace(self.proven, probe_path=workload.probe_path)
        if workload.revision != self.workload.revision or workload.probe_path == self.workload.probe_path:
            return []
        for replica in self.of_revision(workload.revision):
            replica.workload = workload
        return [replica for replica in self.of_revision(workload.revision) if replica.ready]

    def serving(self) -> list[Replica]:
        """The replicas that traffic may reach now: those of the revision that is kept, once it has any."""
        serving = [r for r in self.replicas if r.serves]
        return [r for r in serving if r.revision == self.active.revision] or serving

    def is_settled(self) -> bool:
        """Whether the newest revision serves, or serves as soon as somebody asks."""
        asked = self.workload
        ready = [r for r in self.of_revision(asked.revision) if r.ready]
        asleep = asked.min_replicas == 0 and self.is_proven(asked.revision)
        return asked.max_replicas == 0 or asleep or len(ready) >= max(1, asked.min_replicas)

    def note_death(self, replica: Replica, now: float) -> None:
        """Plan the successor; a revision that dies before it ever served is given up, as a circuit breaker does."""
        self.replicas.remove(replica)
        if replica.stopping_since is not None:
            return
        self.restart_at = max(self.restart_at, now + RESTART_SECONDS)
        others = any(r.ready for r in self.of_revision(replica.revision))
        if not (replica.ready or replica.killed or others or self.is_proven(replica.revision)):
            self.fail(replica.revision, f"exit code {replica.process.exit_code}: {replica.process.tail()}", now)

    def fail(self, revision: str, why: str, now: float) -> None:
        """Give a revision up: the last good one goes on, or this one is tried again much later."""
        self.failed[revision] = why
        self.restart_at = now + RETRY_SECONDS if self.active.revision == revision else now

    def late(self, now: float, speed: int) -> list[Replica]:
        """The replicas that had their time to get ready; one that never served before has failed with it."""
        late = [r for r in self.replicas if not r.ready and r.stopping_since is None and r.is_late(now, speed)]
        for replica in late:
            if not self.is_proven(replica.revision) and not any(r.ready for r in self.of_revision(replica.revision)):
                self.fail(
                    replica.revision, f"no answer on {replica.workload.first_asked}: {replica.process.tail()}", now
                )
        return late

    def scale(self, now: float) -> None:
        """As many as the connections need, within the bounds; fewer only after a quiet time."""
        asked = self.workload
        # A revision that has not served yet starts once to show that it can, also where none has to stay.
        low = asked.min_replicas if self.is_proven(self.active.revision) else max(1, asked.min_replicas)
        if asked.scaling is not None:
            self._scale_by(asked.scaling, low, now)
            return
        needed = min(max(low, -(-self.connections // max(1, asked.concurrency))), asked.max_replicas)
        if needed >= self.wanted:
            self.quiet_since = now
            self.wanted = needed
        elif now - self.quiet_since > QUIET_SECONDS or asked.max_replicas < self.wanted:
            self.wanted = needed

    def _scale_by(self, rule: Rule, low: int, now: float) -> None:
        """As many as the cloud's own rule says; the first of none as soon as somebody comes."""
        before = self.wanted
        self.meter.request_seconds += self.connections * (now - (self.scaled_at if self.scaled_at is not None else now))
        self.scaled_at = now
        wanted = self.scaler.look(rule, self.meter, now, before, self.connections)
        self.wanted = min(max(wanted, low, 1 if self.connections else 0), self.workload.max_replicas)
        self.scaler.note(before, self.wanted, now)

    def take_news(self) -> int | None:
        """How many replicas there are, where the rule changed that since this was last asked."""
        told, self.told = self.told, self.wanted
        is_new = self.workload.scaling is not None and told not in (None, self.wanted)
        return self.wanted if is_new else None

    def missing(self, now: float) -> int:
        """How many replicas of `active` to start now."""
        if now < self.restart_at:
            return 0
        missing = self.wanted - len(self.of_revision(self.active.revision))
        if now < self.held_until:
            missing = 0 if self.held is None else missing - self.held
        return max(0, missing)

    def surplus(self) -> list[Replica]:
        """The replicas to stop now. Those of another revision go only when the one that is kept is whole."""
        current = sorted(self.of_revision(self.active.revision), key=lambda r: (not r.ready, -r.connections))
        surplus = current[self.wanted :]
        if sum(r.ready for r in current) >= self.wanted:
            surplus += [r for r in self.replicas if r.revision != self.active.revision and r.stopping_since is None]
        return surplus

    def prove(self) -> None:
        """Remember the revision that is kept as good once it is whole."""
        ready = sum(r.ready for r in self.of_revision(self.active.revision))
        if ready and ready >= self.wanted:
            self.proven = self.active
            self.failed.pop(self.active.revision, None)

    def hold(self, victims: Sequence[Replica], until: float, count: int | None) -> None:
        """Kill these, and start no successors before `until`: as many fewer, or none at all."""
        self.held_until, self.held = until, None if count is None else len(victims)
        for replica in victims:
            replica.killed = True
            replica.process.send(signal.SIGKILL)

    def on_spot(self) -> list[Replica]:
        """The replicas on capacity that may be taken back: those that came last."""
        running = sorted(self.of_revision(self.active.revision), key=lambda r: r.started)
        return running[len(running) - self.workload.on_spot(len(running)) :]

    def take_back(self, until: float) -> int:
        """Tell those on such capacity to end, and start none in their place before `until`; how many they are."""
        victims = self.on_spot()
        self.held_until, self.held = until, self.workload.on_spot(self.wanted)
        for replica in victims:
            replica.stop()
        return len(victims)

    def retry(self) -> None:
        """The newest revision is asked for again: forget that it failed."""
        if self.failed.pop(self.workload.revision, None) is not None:
            self.restart_at = 0.0

    def release(self) -> None:
        """Let replicas be started again, at once."""
        self.held_until = self.restart_at = 0.0

    def describe(self) -> dict[str, Any]:
        """For `status`: key, stack, bounds, what failed, replicas with pid, address and readiness."""
        return {
            "workload": self.workload.key,
            "stack": self.workload.stack,
            "image": self.workload.image,
            "revision": self.workload.revision,
            "wanted": self.wanted,
            "min": self.workload.min_replicas,
            "max": self.workload.max_replicas,
            "memory_mib": self.workload.memory_mib,
            "failed": dict(self.failed),
            "replicas": [r.describe() for r in self.replicas if r.alive],
        }
