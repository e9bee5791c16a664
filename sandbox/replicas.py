"""Real service processes: what ECS, Container Apps and Cloud Run do with an image.

A workload asks for replicas of an image; the supervisor keeps that many alive, lets a new revision take over only
once it is ready, and keeps the old one where the new one never gets ready. Each replica has a loopback address of
its own, as a task or an instance has in life, and listens there on the port that the container definition says.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import psutil

from failover.errors import Unavailable
from failover.testing.clock import Clock
from sandbox import images

# Life-seconds from a replica's death to its successor's start: scheduling, pulling, starting. Assumed: no cloud
# promises a figure, and ECS's own restarts are seen at 20 s and more.
RESTART_SECONDS = 20.0
# Life-seconds that a new revision has to get ready before it is given up.
READY_SECONDS = 300.0
# Wall seconds. A process needs real time to end, at any speed of the clock.
STOP_WALL_SECONDS = 8.0
_TICK_WALL_SECONDS = 0.05
_PROBE_WALL_SECONDS = 2.0


@dataclass(frozen=True)
class Workload:
    """What a compute resource asks for."""

    key: str
    stack: str
    image: str  # digest
    port: int
    environment: tuple[tuple[str, str], ...]
    min_replicas: int
    max_replicas: int
    concurrency: int  # requests at once that one replica takes before another is started
    probe_path: str

    @property
    def revision(self) -> str:
        """Changes with whatever makes new replicas necessary; scaling does not."""
        fixed = (self.image, self.port, self.environment, self.probe_path)
        return hashlib.sha256(repr(fixed).encode()).hexdigest()[:10]


@dataclass
class Replica:
    workload: str
    revision: str
    address: str
    port: int
    process: subprocess.Popen[bytes]
    started: float  # the clock's seconds
    log: Path
    probe_path: str
    ready: bool = False
    stopping_since: float | None = None  # wall seconds
    connections: int = 0

    @property
    def alive(self) -> bool:
        return self.process.poll() is None


@dataclass
class _Group:
    workload: Workload
    replicas: list[Replica] = field(default_factory=list)
    restart_at: float = 0.0
    failed: dict[str, str] = field(default_factory=dict)  # revision -> why it never got ready
    wanted: int = 0
    quiet_since: float = 0.0

    def of_revision(self, revision: str) -> list[Replica]:
        return [r for r in self.replicas if r.revision == revision and r.stopping_since is None]


class Supervisor:
    """Keeps the replicas of every workload. Thread-safe; owns one thread between `start` and `stop`."""

    def __init__(
        self,
        *,
        clock: Clock,
        image_store: Path,
        addresses: Iterable[str],
        state_file: Path,
        logs: Path,
        report: Callable[[str], None],
    ) -> None:
        self._clock = clock
        self._store = image_store
        self._addresses = list(addresses)
        self._state_file = state_file
        self._logs = logs
        self._report = report
        self._groups: dict[str, _Group] = {}
        self._held: dict[str, tuple[float, int | None]] = {}  # workload -> (until, how many; None = all)
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._next_address = 0

    # -- what others ask ----------------------------------------------------------------------------

    def start(self) -> None:
        """End what an earlier sandbox of this folder left running, then begin."""
        end_leftovers(self._state_file)
        self._logs.mkdir(parents=True, exist_ok=True)
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop every replica and wait until it is gone."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        with self._lock:
            replicas = [r for g in self._groups.values() for r in g.replicas]
            for replica in replicas:
                _signal(replica, signal.SIGTERM)
        deadline = time.monotonic() + STOP_WALL_SECONDS
        for replica in replicas:
            try:
                replica.process.wait(max(0.05, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal(replica, signal.SIGKILL)
                replica.process.wait()
        self._state_file.unlink(missing_ok=True)

    def apply(self, workloads: Sequence[Workload]) -> None:
        """Make the running replicas those of `workloads`, in the background."""
        with self._changed:
            wanted = {w.key: w for w in workloads}
            for key, workload in wanted.items():
                group = self._groups.setdefault(key, _Group(workload, wanted=workload.min_replicas))
                if group.workload.revision != workload.revision:
                    group.failed.pop(workload.revision, None)
                    group.restart_at = 0.0
                group.workload = workload
                group.wanted = min(max(group.wanted, workload.min_replicas), workload.max_replicas)
            for key, group in self._groups.items():
                if key not in wanted:
                    group.wanted = 0
                    group.workload = _none_of(group.workload)

    def wait_ready(self, key: str, timeout_seconds: float, cancelled: Callable[[], bool]) -> None:
        """Return once the workload's newest revision serves. Raises Unavailable with the log's end otherwise."""
        deadline = self._clock.now() + timeout_seconds
        with self._changed:
            while True:
                group = self._groups.get(key)
                if group is not None:
                    revision = group.workload.revision
                    if revision in group.failed:
                        raise Unavailable(f"the revision did not become ready: {group.failed[revision]}")
                    ready = [r for r in group.of_revision(revision) if r.ready]
                    if len(ready) >= max(1, group.workload.min_replicas) or group.workload.max_replicas == 0:
                        return
                if self._clock.now() > deadline or cancelled():
                    raise Unavailable("the revision was not ready in time", hint="see .sandbox/logs")
                self._changed.wait(_TICK_WALL_SECONDS)

    def ready(self, key: str) -> list[Replica]:
        """The replicas that traffic may reach now, the newest revision's once it has any."""
        with self._lock:
            group = self._groups.get(key)
            if group is None:
                return []
            serving = [r for r in group.replicas if r.ready and r.alive and r.stopping_since is None]
            newest = [r for r in serving if r.revision == group.workload.revision]
            return newest or serving

    def kill(self, stack: str, until: float, count: int | None = None) -> int:
        """Kill (SIGKILL) `count` replicas of a site, all by default, and start none before `until` on the clock."""
        killed = 0
        with self._changed:
            for key, group in self._groups.items():
                if group.workload.stack != stack:
                    continue
                victims = [r for r in group.replicas if r.alive][: count if count is not None else None]
                self._held[key] = (until, None if count is None else len(victims))
                for replica in victims:
                    _signal(replica, signal.SIGKILL)
                    killed += 1
        return killed

    def release(self, stack: str | None = None) -> None:
        """Let replicas be started again."""
        with self._changed:
            for key, group in self._groups.items():
                if stack in (None, group.workload.stack):
                    self._held.pop(key, None)
                    group.restart_at = 0.0

    def status(self) -> list[dict[str, Any]]:
        """One entry a workload: key, stack, revision, replicas with pid, address and readiness."""
        with self._lock:
            return [
                {
                    "workload": key,
                    "stack": group.workload.stack,
                    "image": group.workload.image,
                    "wanted": group.wanted,
                    "failed": dict(group.failed),
                    "replicas": [
                        {
                            "pid": r.process.pid,
                            "address": r.address,
                            "port": r.port,
                            "ready": r.ready,
                            "revision": r.revision,
                            "connections": r.connections,
                        }
                        for r in group.replicas
                        if r.alive
                    ],
                }
                for key, group in self._groups.items()
            ]

    # -- the loop -----------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._ended.wait(_TICK_WALL_SECONDS):
            with self._changed:
                starting = [r for g in self._groups.values() for r in g.replicas if r.alive and not r.ready]
            answered = [r for r in starting if _probe(r)]
            with self._changed:
                for replica in answered:
                    replica.ready = True
                for key in list(self._groups):
                    self._tend(key, self._groups[key])
                self._changed.notify_all()

    def _tend(self, key: str, group: _Group) -> None:
        """Bury the dead, start what is missing, stop what is too many. Called with the lock held."""
        now = self._clock.now()
        self._bury(group, now)
        revision = group.workload.revision
        current = group.of_revision(revision)
        ready = [r for r in current if r.ready]
        self._give_up_if_late(group, current, ready, now)
        self._scale(group, ready, now)
        missing = group.wanted - len(current)
        if missing > 0 and revision not in group.failed and now >= group.restart_at:
            for _ in range(self._allowed(key, len(current), missing, now)):
                self._start(group)
        for replica in current[group.wanted :]:
            self._stop(replica)
        # The old revision goes only when the new one is whole: a bad image takes nothing down.
        if len(ready) >= group.wanted:
            for replica in group.replicas:
                if replica.revision != revision:
                    self._stop(replica)
        if not group.replicas and group.workload.max_replicas == 0:
            del self._groups[key]

    def _bury(self, group: _Group, now: float) -> None:
        for replica in list(group.replicas):
            if not replica.alive:
                group.replicas.remove(replica)
                self._remember()
                if replica.stopping_since is None:
                    group.restart_at = max(group.restart_at, now + RESTART_SECONDS)
                    self._report(
                        f"{replica.workload}: replica {replica.process.pid} ended ({replica.process.returncode})"
                    )
                    if not replica.ready:
                        self._count_failure(group, replica)
            elif replica.stopping_since is not None and time.monotonic() - replica.stopping_since > STOP_WALL_SECONDS:
                _signal(replica, signal.SIGKILL)

    def _count_failure(self, group: _Group, replica: Replica) -> None:
        """A revision whose replica dies before it was ever ready is given up, as a deployment circuit breaker does."""
        if not any(r.ready for r in group.of_revision(replica.revision)):
            group.failed[replica.revision] = f"exit code {replica.process.returncode}: {_tail(replica.log)}"

    def _give_up_if_late(self, group: _Group, current: Sequence[Replica], ready: Sequence[Replica], now: float) -> None:
        late = [r for r in current if not r.ready and now - r.started > max(READY_SECONDS, 30.0 * self._clock.speed)]
        if late and not ready:
            group.failed[group.workload.revision] = f"no answer on {late[0].probe_path}: {_tail(late[0].log)}"
        for replica in late:
            self._stop(replica)

    def _scale(self, group: _Group, ready: Sequence[Replica], now: float) -> None:
        """One more replica while connections exceed what the ready ones take; down again after a quiet minute."""
        workload = group.workload
        load = sum(r.connections for r in ready)
        needed = max(workload.min_replicas, -(-load // workload.concurrency))
        needed = min(needed, workload.max_replicas)
        if needed >= group.wanted:
            group.quiet_since = now
            group.wanted = needed
        elif now - group.quiet_since > 60.0 or workload.max_replicas < group.wanted:
            group.wanted = needed

    def _allowed(self, key: str, alive: int, missing: int, now: float) -> int:
        until, count = self._held.get(key, (0.0, 0))
        if now >= until:
            self._held.pop(key, None)
            return missing
        if count is None:
            return 0
        return max(0, missing - count)

    def _start(self, group: _Group) -> None:
        workload = group.workload
        try:
            image = images.load(self._store, workload.image)
            command, environment, folder = _command(image, self._report)
            address = self._lease()
        except Unavailable as error:
            group.failed[workload.revision] = str(error)
            return
        environment |= dict(workload.environment)
        # Bound to the replica's own address: in life the network namespace is its own; here nothing is opened wider.
        environment |= {"PORT": str(workload.port), "OUTLAST_HOST_BIND": address}
        log = self._logs / f"{workload.stack}-{address.rpartition('.')[2]}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        replica = Replica(
            workload.key,
            workload.revision,
            address,
            workload.port,
            process,
            self._clock.now(),
            log,
            workload.probe_path,
        )
        group.replicas.append(replica)
        self._remember()

    def _stop(self, replica: Replica) -> None:
        if replica.stopping_since is None:
            replica.stopping_since = time.monotonic()
            _signal(replica, signal.SIGTERM)

    def _lease(self) -> str:
        used = {r.address for g in self._groups.values() for r in g.replicas}
        for _ in self._addresses:
            address = self._addresses[self._next_address % len(self._addresses)]
            self._next_address += 1
            if address not in used:
                return address
        raise Unavailable(f"all {len(self._addresses)} replica addresses are in use", hint="ask for fewer replicas")

    def _remember(self) -> None:
        """Write the processes down, so that the next sandbox ends them should this one be killed."""
        entries = []
        for group in self._groups.values():
            for replica in group.replicas:
                with contextlib.suppress(psutil.NoSuchProcess):
                    created = psutil.Process(replica.process.pid).create_time()
                    entries.append({"pid": replica.process.pid, "created": created})
        new = self._state_file.with_suffix(".new")
        new.write_text(json.dumps(entries))
        new.replace(self._state_file)


def end_leftovers(state_file: Path) -> int:
    """End the processes that a killed sandbox wrote down, each only if it is still the very one. Returns how many."""
    try:
        entries = json.loads(state_file.read_text())
    except (FileNotFoundError, ValueError):
        return 0
    ended = 0
    for entry in entries:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(entry["pid"])
            if abs(process.create_time() - entry["created"]) < 0.01:
                process.kill()
                process.wait(5)
                ended += 1
    state_file.unlink(missing_ok=True)
    return ended


def _none_of(workload: Workload) -> Workload:
    return Workload(**{**asdict(workload), "min_replicas": 0, "max_replicas": 0, "environment": workload.environment})


def _command(image: images.Image, report: Callable[[str], None]) -> tuple[list[str], dict[str, str], Path]:
    """Program and arguments, environment and folder of an image's entry point, in the image's own environment."""
    config: Any = image.config
    environment = images.make_environment(config["lock"], report)
    program, *arguments = config["entry_point"]
    executable = environment / "bin" / PurePosixPath(program).name
    if not executable.exists():
        raise Unavailable(
            f"the image starts {program!r}, which its requirements do not install",
            hint="start a program of the image's virtual environment, as `python`",
        )
    root = image.root
    variables = {name: _inside(root, value) for name, value in config["environment"].items()}
    variables["PATH"] = f"{environment / 'bin'}:/usr/local/bin:/usr/bin:/bin"
    variables["PYTHONPYCACHEPREFIX"] = str(image.folder / "pycache")
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    folder = root / str(config["working_directory"]).lstrip("/")
    return [str(executable), *arguments], variables, folder


def _inside(root: Path, value: str) -> str:
    """A path of the image as this machine sees it: there is no container around the process."""
    inner = root / value.lstrip("/")
    return str(inner) if value.startswith("/") and len(value) > 1 and inner.exists() else value


def _probe(replica: Replica) -> bool:
    connection = http.client.HTTPConnection(replica.address, replica.port, timeout=_PROBE_WALL_SECONDS)
    try:
        connection.request("GET", replica.probe_path)
        return 200 <= connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _signal(replica: Replica, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(replica.process.pid, number)


def _tail(log: Path, limit: int = 400) -> str:
    try:
        return log.read_text(errors="replace")[-limit:].strip()
    except OSError:
        return "no log"
