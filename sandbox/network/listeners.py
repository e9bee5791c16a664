"""The clouds' entry points: real TLS listeners on loopback addresses that pass connections to ready replicas.

One event loop in one thread serves every listener. An entry point without a ready replica answers 503. The load that
scales a workload is counted here, in connections: each that has sent something counts until it ends, as a request
does.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from typing import Any

from failover.simulator.clock import ScaledClock
from sandbox.network.access import Told
from sandbox.network.certificates import KeyPair
from sandbox.network.entry_points import Binding, EntryPoint
from sandbox.network.faults import Fault, Faults
from sandbox.network.listener import Listener, Surroundings
from sandbox.replicas.supervisor import Supervisor
from service.errors import Unavailable

__all__ = ["Binding", "EntryPoint", "Listeners"]

_SYNC_WALL_SECONDS = 0.05
# Without a fault and without a problem there is nothing to look for: whatever begins is told.
_REST_WALL_SECONDS = 5.0
_APPLY_WALL_SECONDS = 30.0
# What a fault makes of a listener, the strongest first.
_MODES = (("dark", "blackhole"), ("blackhole", "blackhole"), ("refuse", "refuse"))


class Listeners:
    """Keeps a listener for each entry point and lets faults act on them. Owns one thread between `start` and `stop`.

    Args:
        bad_pair: makes the certificate of a fault (its kind) in place of a good one (its names).
        report: told of what cannot be done, once for each reason.
        answered: told of each answer of a site: its status, and a replica's seconds.
        accessed: told of each request of an entry point that is logged, once it is over.
    """

    def __init__(
        self,
        *,
        clock: ScaledClock,
        supervisor: Supervisor,
        faults: Faults,
        port_offset: int,
        bad_pair: Callable[[str, Sequence[str]], KeyPair],
        report: Callable[[str], None],
        answered: Callable[[str, int, float | None], None] = lambda site, status, seconds: None,
        accessed: Told = lambda access: None,
    ) -> None:
        self._around = Surroundings(clock, supervisor, faults, port_offset, bad_pair, report, answered, accessed)
        self._wanted: dict[str, EntryPoint] = {}
        self._listeners: dict[str, Listener] = {}
        self._said: set[str] = set()
        self._acting: list[Fault] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="listeners", daemon=True)
        self._running = threading.Event()
        self._news = asyncio.Event()
        self._syncing = asyncio.Lock()
        self._ended = False

    def start(self) -> None:
        self._thread.start()
        self._running.wait()

    def stop(self) -> None:
        """Close every listener and connection. Without a `start` there is nothing to do."""
        self._ended = True
        self._wake()
        if self._thread.is_alive():
            self._thread.join()

    def apply(self, entry_points: Sequence[EntryPoint]) -> None:
        """Make the open listeners those of `entry_points`; returns once they are.

        Raises Unavailable, every reason told, where some cannot be; the others are open nevertheless.
        """
        if self._loop is None:
            raise Unavailable("the sandbox's entry points have not been started", hint="make up")
        asyncio.run_coroutine_threadsafe(self._apply(entry_points), self._loop).result(_APPLY_WALL_SECONDS)

    def status(self) -> list[dict[str, Any]]:
        """One entry per entry point: where it is, for which names, what is behind it, and its mode."""
        listeners = dict(self._listeners)
        return [
            {
                "entry_point": f.key,
                "front": f.key,  # as it was called
                "stack": f.stack,
                "address": f.address,
                "port": f.port + self._around.port_offset,
                "names": [b.host for b in f.bindings],
                "workload": f.workload,
                "mode": listeners[f.key].mode if f.key in listeners else "closed",
                "rate": str(f.rate or ""),
                "limited": listeners[f.key].counter.limited() if f.key in listeners else [],
            }
            for f in self._wanted.values()
        ]

    def tick(self) -> None:
        """Let the faults of now act; returns once they do. The loop does the same, at its own pace."""
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._tick(), self._loop).result(_APPLY_WALL_SECONDS)

    def _run(self) -> None:
        asyncio.run(self._live())

    def _wake(self) -> None:
        """Let the loop look at once. From any thread, also after its end."""
        with contextlib.suppress(RuntimeError):
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._news.set)

    async def _live(self) -> None:
        """Faults expire by the clock: look at them at a rate that no checker notices."""
        self._loop = asyncio.get_running_loop()
        self._around.faults.on_change(self._wake)
        self._running.set()
        while not self._ended:
            await self._tick()
            await self._rest(_SYNC_WALL_SECONDS if self._acting or self._said else _REST_WALL_SECONDS)
        self._loop = None
        await asyncio.gather(*(listener.close() for listener in self._listeners.values()))
        self._listeners.clear()

    async def _tick(self) -> None:
        async with self._syncing:
            active = self._around.faults.active()
            # Nothing broken, nothing mended, nothing that could not be had: nothing to do.
            if active or active != self._acting or self._said:
                self._tell(await self._sync())
            self._acting = active

    async def _rest(self, wall_seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wall_seconds):
                await self._news.wait()
        self._news.clear()

    def _tell(self, problems: Sequence[Unavailable]) -> None:
        """Report what is new."""
        for problem in problems:
            if problem.what not in self._said:
                self._around.report(str(problem))
        self._said = {problem.what for problem in problems}

    async def _apply(self, entry_points: Sequence[EntryPoint]) -> None:
        async with self._syncing:
            self._wanted = {f.key: f for f in entry_points}
            problems = await self._sync()
        self._said = {problem.what for problem in problems}  # the caller is told; try again from now on
        self._news.set()
        if problems:
            hints = dict.fromkeys(problem.hint for problem in problems)
            raise Unavailable("\n".join(problem.what for problem in problems), hint="; ".join(hints))

    async def _sync(self) -> list[Unavailable]:
        """Close, change and open listeners until they are what is wanted. Returns what could not be done."""
        for key, listener in list(self._listeners.items()):
            wanted = self._wanted.get(key)
            if wanted is None or (wanted.address, wanted.port) != (listener.entry.address, listener.entry.port):
                await self._listeners.pop(key).close()
            elif wanted != listener.entry:
                listener.replace(wanted)
        problems = []
        for key, entry in self._wanted.items():
            if key not in self._listeners:
                self._listeners[key] = Listener(entry, self._around)
            listener = self._listeners[key]
            mode = self._mode(entry.stack)
            try:
                await listener.open(mode)
                if self._around.faults.at(entry.stack, "reset"):
                    listener.reset()
            except OSError as error:
                problems.append(_unavailable(listener, error))
            except Exception as error:  # of one listener; the thread and all the others go on
                problems.append(_broken(entry, mode, error))
        return problems

    def _mode(self, stack: str) -> str:
        return next((mode for kind, mode in _MODES if self._around.faults.at(stack, kind)), "serve")


def _broken(entry: EntryPoint, mode: str, error: Exception) -> Unavailable:
    what = f"{entry.key} cannot {mode}: {type(error).__name__}: {error}"
    return Unavailable(what, hint="a mistake of the sandbox itself; it tries again")


def _unavailable(listener: Listener, error: OSError) -> Unavailable:
    where = f"{listener.entry.address}:{listener.port}"
    return Unavailable(
        f"{where} cannot be listened on: {error.strerror or error}",
        hint=f"see who has it: `ss -ltnp 'sport = :{listener.port}'`; the sandbox's own are ended by `make down`",
    )
