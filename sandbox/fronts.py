"""The clouds' entry points: real TLS listeners on loopback addresses that pass connections to ready replicas.

One event loop in one thread serves every front. TLS ends here, as it does at a load balancer; what is inside is
passed on byte by byte, so HTTP-level features of the real load balancers (headers, rewriting, buffering) are not
simulated. A front without a ready replica answers 503.
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import random
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from failover.errors import Unavailable
from failover.testing.clock import Clock
from sandbox.certificates import KeyPair
from sandbox.faults import Faults
from sandbox.replicas import Replica, Supervisor

_CHUNK = 64 * 1024
_CONNECT_WALL_SECONDS = 2.0
_SYNC_WALL_SECONDS = 0.05
_ANSWER = "HTTP/1.1 {status} {phrase}\r\ncontent-type: text/plain\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_REDIRECT = (
    "HTTP/1.1 301 Moved Permanently\r\nlocation: https://{host}{path}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)


@dataclass(frozen=True)
class Binding:
    """A certificate and the name that it is presented for; `*` is for every other name."""

    host: str
    pair: KeyPair


@dataclass(frozen=True)
class Front:
    """One listener: where it is, which certificates it has and which workload is behind it."""

    key: str
    stack: str
    address: str
    port: int  # 443 or 80, before the offset
    bindings: tuple[Binding, ...] = ()
    workload: str | None = None  # None: no backend, and `answer` is what a client gets
    redirect: bool = False
    answer: int = 503


@dataclass
class _Listener:
    front: Front
    mode: str  # "serve" | "refuse" | "blackhole"
    contexts: dict[str, ssl.SSLContext] = field(default_factory=dict)
    server: asyncio.Server | None = None
    silent: list[socket.socket] = field(default_factory=list)


class Fronts:
    """Keeps a listener for each front and lets faults act on them. Owns one thread between `start` and `stop`."""

    def __init__(
        self,
        *,
        clock: Clock,
        supervisor: Supervisor,
        faults: Faults,
        port_offset: int,
        bad_pair: Callable[[str, Sequence[str]], KeyPair],
        report: Callable[[str], None],
    ) -> None:
        self._clock = clock
        self._supervisor = supervisor
        self._faults = faults
        self._offset = port_offset
        self._bad_pair = bad_pair
        self._report = report
        self._wanted: dict[str, Front] = {}
        self._listeners: dict[str, _Listener] = {}
        self._loop = asyncio.new_event_loop()
        self._connections: set[asyncio.Task[None]] = set()
        self._turn = 0
        self._thread = threading.Thread(target=self._run, name="fronts", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Close every listener and connection."""
        asyncio.run_coroutine_threadsafe(self._close_all(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def apply(self, fronts: Sequence[Front]) -> None:
        """Make the open listeners those of `fronts`; returns once they are. Raises Unavailable for a taken port."""
        asyncio.run_coroutine_threadsafe(self._apply(fronts), self._loop).result(30)

    def status(self) -> list[dict[str, Any]]:
        return [
            {
                "front": f.key,
                "stack": f.stack,
                "address": f.address,
                "port": f.port + self._offset,
                "names": [b.host for b in f.bindings],
                "workload": f.workload,
                "mode": self._listeners[f.key].mode,
            }
            for f in self._wanted.values()
            if f.key in self._listeners
        ]

    # -- the loop -----------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.create_task(self._follow_faults())
        self._loop.run_forever()

    async def _apply(self, fronts: Sequence[Front]) -> None:
        self._wanted = {f.key: f for f in fronts}
        await self._sync()

    async def _follow_faults(self) -> None:
        """Faults begin and expire by the clock: look at them at a rate that no checker notices."""
        while True:
            await asyncio.sleep(_SYNC_WALL_SECONDS)
            try:
                await self._sync()
            except Unavailable as error:
                self._report(str(error))

    async def _sync(self) -> None:
        for key, listener in list(self._listeners.items()):
            wanted = self._wanted.get(key)
            mode = self._mode(listener.front.stack)
            moved = wanted is None or (wanted.address, wanted.port) != (listener.front.address, listener.front.port)
            if moved or mode != listener.mode:
                await self._close(self._listeners.pop(key))
            elif wanted is not None and wanted != listener.front:
                listener.front = wanted
                listener.contexts.clear()
        for key, front in self._wanted.items():
            if key not in self._listeners:
                self._listeners[key] = await self._open(front, self._mode(front.stack))

    def _mode(self, stack: str) -> str:
        for kind, mode in (("dark", "blackhole"), ("blackhole", "blackhole"), ("refuse", "refuse")):
            if self._faults.at(stack, kind):
                return mode
        return "serve"

    async def _open(self, front: Front, mode: str) -> _Listener:
        listener = _Listener(front, mode)
        port = front.port + self._offset
        try:
            if mode == "serve":
                listener.server = await self._serve(listener, port)
            elif mode == "blackhole":
                listener.silent = _silence(front.address, port)
        except OSError as error:
            raise Unavailable(
                f"{front.address}:{port} cannot be listened on: {error.strerror or error}",
                hint=f"see who has it: `ss -ltnp 'sport = :{port}'`; the sandbox's own are ended by `make down`",
            ) from error
        return listener

    async def _serve(self, listener: _Listener, port: int) -> asyncio.Server:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task is not None:
                self._connections.add(task)
                task.add_done_callback(self._connections.discard)
            with contextlib.suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._handle(listener, reader, writer)
            writer.transport.abort()

        tls = None
        if listener.front.port == 443:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.minimum_version = ssl.TLSVersion.TLSv1_2
            tls.sni_callback = lambda s, name, _: self._choose(listener, s, name)
        return await asyncio.start_server(
            handle,
            listener.front.address,
            port,
            ssl=tls,
            backlog=512,
            reuse_address=True,
            ssl_handshake_timeout=10.0 if tls else None,
        )

    def _choose(self, listener: _Listener, connection: ssl.SSLObject, name: str | None) -> int | None:
        """The certificate for the name that the client asks for; no binding for it ends the handshake."""
        stack = listener.front.stack
        host = (name or "").lower().rstrip(".")
        bindings = {b.host: b for b in listener.front.bindings}
        binding = bindings.get(host) or bindings.get("*")
        if binding is None:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        bad = next((k for k in ("expired-certificate", "wrong-certificate") if self._faults.at(stack, k)), "")
        cached = f"{binding.host} {bad}"
        if cached not in listener.contexts:
            pair = self._bad_pair(bad, binding.pair.names) if bad else binding.pair
            listener.contexts[cached] = pair.server_context()
        connection.context = listener.contexts[cached]
        return None

    async def _handle(self, listener: _Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stack = listener.front.stack
        if self._faults.at(stack, "reset"):
            _reset(writer)
            return
        loss = self._faults.at(stack, "loss")
        if loss and random.random() < loss.number:
            await reader.read()  # swallow what comes, answer nothing, until the client gives up
            return
        delay = self._faults.at(stack, "delay")
        if delay:
            # A latency is what a client feels on the wall's clock; it is divided like every other duration.
            await asyncio.sleep(delay.number / 1000 / self._clock.speed)
        if listener.front.redirect:
            await _redirect(reader, writer)
            return
        await self._pass_on(listener.front, reader, writer)

    async def _pass_on(self, front: Front, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        replica, upstream = await self._connect(front)
        if replica is None or upstream is None:
            await reader.read(_CHUNK)
            phrase = http.HTTPStatus(front.answer).phrase
            writer.write(_ANSWER.format(status=front.answer, phrase=phrase).encode())
            await writer.drain()
            return
        replica.connections += 1
        back_reader, back_writer = upstream
        try:
            forward = asyncio.ensure_future(_pump(reader, back_writer))
            back = asyncio.ensure_future(_pump(back_reader, writer))
            await back
            forward.cancel()
        finally:
            replica.connections -= 1
            back_writer.transport.abort()

    async def _connect(
        self, front: Front
    ) -> tuple[Replica | None, tuple[asyncio.StreamReader, asyncio.StreamWriter] | None]:
        """A connection to one of the ready replicas, in turn; the next one where the first is gone."""
        replicas = self._supervisor.ready(front.workload) if front.workload else []
        self._turn += 1
        for position in range(len(replicas)):
            replica = replicas[(self._turn + position) % len(replicas)]
            try:
                opening = asyncio.open_connection(replica.address, replica.port)
                return replica, await asyncio.wait_for(opening, _CONNECT_WALL_SECONDS)
            except (OSError, TimeoutError):
                continue
        return None, None

    async def _close(self, listener: _Listener) -> None:
        if listener.server is not None:
            listener.server.close()
        for quiet in listener.silent:
            quiet.close()

    async def _close_all(self) -> None:
        self._wanted = {}
        for listener in self._listeners.values():
            await self._close(listener)
        self._listeners.clear()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on until the sender ends, then say so to the receiver."""
    with contextlib.suppress(OSError, ssl.SSLError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


async def _redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a plain HTTP request with 301 to HTTPS, path and host kept."""
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10.0)
    request, *headers = head.decode("latin-1").split("\r\n")
    host = next((h.split(":", 1)[1].strip() for h in headers if h.lower().startswith("host:")), "")
    path = request.split(" ")[1] if request.count(" ") >= 2 else "/"
    writer.write(_REDIRECT.format(host=host.partition(":")[0], path=path).encode("latin-1"))
    await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _silence(address: str, port: int) -> list[socket.socket]:
    """A listening socket whose queue is full: the kernel then drops every further SYN, as a black hole does."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(0)
    held = [listener]
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex((address, port))
        held.append(filler)
    return held
