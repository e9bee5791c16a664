"""One entry point: a listening socket, TLS by name, the faults that act on it, and the way to a ready replica.

TLS ends here, as it does at a load balancer; what is inside is passed on byte by byte, so HTTP-level features of the
real load balancers (rewriting, buffering, HTTP/2) are not simulated, but for a limit of each address's requests and the
headers that name it and the request. Everything here runs on one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from failover.simulator.clock import ScaledClock
from sandbox.network import sockets
from sandbox.network.access import BROKEN, NO_REPLICA, OWN, RATE, REDIRECT, Notes, Told
from sandbox.network.certificates import KeyPair
from sandbox.network.entry_points import EntryPoint, path_of, plain_answer, redirect_answer
from sandbox.network.faults import Faults
from sandbox.network.handshakes import Handshakes
from sandbox.network.meter import Meter
from sandbox.network.rates import RateCounter
from sandbox.network.requests import Inspector
from sandbox.network.sockets import Streams
from sandbox.network.turns import Turns
from sandbox.replicas.supervisor import Replica, Supervisor

# Wall seconds; a laptop needs them however fast the clock runs.
_CONNECT_WALL_SECONDS = 2.0
_HANDSHAKE_WALL_SECONDS = 10.0
_CLOSE_WALL_SECONDS = 10.0
# What an Application Load Balancer allows a silent client by default ("idle timeout").
_IDLE_WALL_SECONDS = 60.0
# How long a connection waits for a sleeping workload's first replica: what Cloud Run allows pending requests at least.
_WAKE_WALL_SECONDS = 10.0
_WAKE_EVERY_WALL_SECONDS = 0.05

# What ends a connection without being anybody's mistake here: the other side went away, or speaks something else.
_GONE = (OSError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)


@dataclass(frozen=True)
class Surroundings:
    """What listeners share."""

    clock: ScaledClock
    supervisor: Supervisor
    faults: Faults
    port_offset: int
    bad_pair: Callable[[str, Sequence[str]], KeyPair]
    report: Callable[[str], None]
    answered: Callable[[str, int, float | None], None]  # a site, and as `sandbox.network.meter.Answered`
    accessed: Told  # each request of what keeps an access log


class Listener:
    """Serves one entry point in one mode (`serve`, `refuse`, `blackhole`), from `open` to `close`. One loop owns it."""

    def __init__(self, entry: EntryPoint, around: Surroundings) -> None:
        self.entry = entry
        self.mode = "closed"
        self._around = around
        self.counter = RateCounter(entry.rate, around.clock)
        self._tls = self._handshakes().context() if entry.port == 443 else None
        self._sockets: list[socket.socket] = []
        self._accepting: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._new: set[socket.socket] = set()  # accepted, and not yet a stream
        self._shaking: set[asyncio.Task[None] | None] = set()  # agreeing on TLS
        self._doomed: set[asyncio.Task[None] | None] = set()  # of those, the ones to be reset once they have
        self._writers: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._turn = 0

    @property
    def port(self) -> int:
        """The port that it really listens on."""
        return self.entry.port + self._around.port_offset

    async def open(self, mode: str) -> None:
        """Begin, or go on, in a mode. Raises OSError for an address or port that cannot be had."""
        if mode == self.mode:
            return
        await self._stop_listening()
        self.mode = "closed"
        if mode == "blackhole":
            # Connections that are open fall silent as well, and go on afterwards, as TCP does over a dead link.
            self._flowing.clear()
            self._sockets = sockets.black_hole(self.entry.address, self.port)
        elif mode == "refuse":
            self.reset()
        else:
            self._flowing.set()
            self._sockets = [sockets.listen(self.entry.address, self.port)]
            self._accepting = asyncio.create_task(self._accept(self._sockets[0]))
        self.mode = mode

    async def close(self) -> None:
        """End every connection and give the port back."""
        await self._stop_listening()
        self.mode = "closed"
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def replace(self, entry: EntryPoint) -> None:
        """Serve another entry point at the same address and port; connections that are open stay."""
        counted, self.entry = self.entry.rate, entry
        if counted != entry.rate:
            self.counter = RateCounter(entry.rate, self._around.clock)
        if self._tls is not None:
            self._tls = self._handshakes().context()

    def reset(self) -> None:
        """Reset every connection that is open or being opened."""
        for writer in list(self._writers):
            sockets.reset_stream(writer)
        for connection in self._new:
            sockets.reset(connection)
        # asyncio would end those that have just agreed in good form, whoever cancels them.
        self._doomed |= self._shaking
        for task in self._tasks - self._shaking:
            task.cancel()

    async def _stop_listening(self) -> None:
        if self._accepting is not None:
            self._accepting.cancel()
            await asyncio.gather(self._accepting, return_exceptions=True)
            self._accepting = None
        for held in self._sockets:
            held.close()
        self._sockets = []

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listening)
            except Exception as error:  # too many open files, say: what is open goes on, and may end
                self._around.report(f"{self.entry.address}:{self.port} cannot accept a connection: {error}")
                await asyncio.sleep(0.1)
                continue
            self._new.add(connection)
            task = loop.create_task(self._welcome(connection))
            self._tasks.add(task)
            task.add_done_callback(partial(self._forget, connection))

    def _forget(self, connection: socket.socket, task: asyncio.Task[None]) -> None:
        """A task that is cancelled before its first step never runs, so closing cannot be left to it alone."""
        self._tasks.discard(task)
        if connection in self._new:
            self._new.discard(connection)
            connection.close()

    async def _welcome(self, connection: socket.socket) -> None:
        """Serve a new connection, unless a fault of this moment has other plans for it."""
        with contextlib.suppress(*_GONE):
            if not await self._let_in(connection):
                return
            # Before it is asyncio's to close: of a client that has left already nobody knows the address.
            notes = Notes(self.entry.key, connection.getpeername()[:2], self._around.accessed)
            self._new.discard(connection)
            reader, writer = await self._agree(connection, notes)
            self._writers.add(writer)
            try:
                await self._flowing.wait()
                await self._serve(reader, writer, notes)
                await sockets.finish(reader, writer, _CLOSE_WALL_SECONDS)
            finally:
                notes.closed()
                self._writers.discard(writer)
                sockets.abort(writer)

    async def _agree(self, connection: socket.socket, notes: Notes) -> Streams:
        """Streams over a connection that was let in. Raises what `sockets.streams` does, and where it was reset."""
        self._shaking.add(task := asyncio.current_task())
        try:
            meter = Meter(partial(self._around.answered, self.entry.stack), notes if self.entry.logged else None)
            reader, writer = await sockets.streams(connection, self._tls, _HANDSHAKE_WALL_SECONDS, meter)
            if task in self._doomed:
                sockets.reset_stream(writer)
                raise ConnectionResetError
        finally:
            self._shaking.discard(task)
            self._doomed.discard(task)
        notes.tls = sockets.tls_of(writer)
        return reader, writer

    async def _let_in(self, connection: socket.socket) -> bool:
        """Let faults act before a byte of TLS is spoken, where a broken network acts. False ends the connection."""
        if self._fault("reset"):
            sockets.reset(connection)
            return False
        loss = self._fault("loss")
        if loss is not None and random.random() < loss:
            await sockets.swallow(connection, _IDLE_WALL_SECONDS)
            return False
        delay = self._fault("delay")
        if delay is not None:
            # A client feels it in real time; it is divided by the clock's speed like every other duration.
            await asyncio.sleep(self._around.clock.to_wall(delay / 1000))
        await self._flowing.wait()
        return True

    def _fault(self, kind: str) -> float | None:
        """How strong a fault is at this site now; None where there is none."""
        fault = self._around.faults.at(self.entry.stack, kind)
        return None if fault is None else float(fault.value or 1)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, notes: Notes) -> None:
        if self.entry.redirect:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _IDLE_WALL_SECONDS)
            self._inspect(notes).feed(head)
            notes.why = REDIRECT
            writer.write(redirect_answer(head))
            return
        # A connection that is opened ahead of need is no load yet.
        first = await asyncio.wait_for(reader.read(sockets.CHUNK), _IDLE_WALL_SECONDS)
        if not first:
            return
        inspector = self._inspect(notes)
        passed = inspector.feed(first)
        if inspector.refusal is not None and not passed:
            notes.why = RATE
            writer.write(inspector.refusal)
        elif self.entry.hides and self.entry.hides(path_of(first)):
            notes.why = OWN
            writer.write(plain_answer(404, self.entry.header))
        elif (found := await self._connect()) is None:
            notes.why = NO_REPLICA if self.entry.workload else OWN
            writer.write(plain_answer(self.entry.answer, self.entry.header))
        else:
            await self._pass((reader, writer), found, passed, inspector, notes)

    def _inspect(self, notes: Notes) -> Inspector:
        entry = self.entry
        return Inspector(
            notes.client[0],
            self.counter,
            forwards=entry.forwards,
            header=entry.header,
            cloud=entry.cloud,
            notes=notes if entry.logged else None,
        )

    async def _pass(
        self, client: Streams, found: tuple[Replica, Streams], first: bytes, inspector: Inspector, notes: Notes
    ) -> None:
        """Pass on what the client says, `first` of all, until one of the two has ended."""
        replica, back = found
        replica.connections += 1
        notes.replica = f"{replica.address}:{replica.port}"
        try:
            back[1].write(first)
            answered = await sockets.exchange(client, back, self._flowing, inspector, Turns(replica.meter))
            if inspector.refusal is not None:
                notes.why, notes.replica = RATE, ""
                client[1].write(inspector.refusal)
            elif not answered:  # the replica died on it, or closed without a word
                notes.why = BROKEN
                client[1].write(plain_answer(502, self.entry.header))
        finally:
            replica.connections -= 1
            sockets.abort(back[1])

    async def _connect(self) -> tuple[Replica, Streams] | None:
        """A connection to a ready replica; where the workload sleeps, once it has woken."""
        if self.entry.workload is None:
            return None
        supervisor, key = self._around.supervisor, self.entry.workload
        found = await self._connect_in_turn(supervisor.ready(key))
        if found is not None:
            return found
        with supervisor.waiting(key) as comes:
            for _ in range(int(_WAKE_WALL_SECONDS / _WAKE_EVERY_WALL_SECONDS) if comes else 0):
                await asyncio.sleep(_WAKE_EVERY_WALL_SECONDS)
                found = await self._connect_in_turn(supervisor.ready(key))
                if found is not None:
                    return found
        return None

    async def _connect_in_turn(self, replicas: Sequence[Replica]) -> tuple[Replica, Streams] | None:
        """One of the replicas, in turn; the next one where that is gone."""
        self._turn += 1
        for position in range(len(replicas)):
            replica = replicas[(self._turn + position) % len(replicas)]
            opening = asyncio.open_connection(replica.address, replica.port, limit=sockets.CHUNK)
            with contextlib.suppress(OSError):  # a TimeoutError is one
                return replica, await asyncio.wait_for(opening, _CONNECT_WALL_SECONDS)
        return None

    def _handshakes(self) -> Handshakes:
        around = self._around
        return Handshakes(self.entry, around.bad_pair, lambda kind: self._fault(kind) is not None, around.report)
