"""Runs the server: uvicorn with uvloop and httptools, from settings, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import gc
import logging
import math
import socket
import struct
from types import FrameType
from typing import Any

import uvicorn
import uvloop

from service.errors import Unavailable
from service.server.http.app import Application
from service.server.http.connection import Connection
from service.server.http.connections import Connections, holdable, limits_of
from service.server.http.replies import Replies, fixed_headers
from service.server.logs import configure_logs, log
from service.server.runtime import Runtime, build_runtime
from service.server.settings.table import Settings

_ACCEPT_SECONDS = 0.05
# libuv accepts one connection a turn on each listener (since 1.45), so newcomers would wait a turn for each one before
# them. Descriptors of one and the same socket are listeners of their own to it: 48 newcomers at once, beside 32 callers
# of 64 rows each, had half of their first answers within 32 to 56 ms, and within 196 to 323 ms with one listener.
_ACCEPTS_A_TURN = 16
_SO_ATTACH_FILTER = 26  # Linux, <asm-generic/socket.h>; not in Python's socket module
_LISTEN_HINTS = {
    errno.EADDRINUSE: "another process holds the port; set PORT to a free one, or to 0 for any",
    errno.EACCES: "this user may not take a port that low; set PORT to 1024 or more",
    errno.EADDRNOTAVAIL: "this machine has no such address; OUTLAST_HOST_BIND=0.0.0.0 listens on all that it has",
}
GRACEFUL_SECONDS = 10  # for requests that are under way when the draining is over


class Server(uvicorn.Server):
    """uvicorn, draining first: the load balancer must see /health fail before the port closes."""

    def __init__(self, config: uvicorn.Config, runtime: Runtime) -> None:
        super().__init__(config)
        self._runtime = runtime

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Leave cleanly at SIGTERM and Ctrl-C; at once when asked twice. uvicorn would raise the signal again."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the port; from here on garbage is collected, but nothing of what was made so far is looked at again."""
        await super().startup(sockets)
        gc.freeze()
        gc.enable()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say unhealthy, answer on with `connection: close`, and only then stop."""
        seconds = self._runtime.settings.drain_seconds
        log(logging.INFO, "draining", seconds=seconds)
        self._runtime.health.draining = True
        self._runtime.intake.queue.draining = True
        deadline = asyncio.get_running_loop().time() + seconds
        while not self.force_exit and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.05)
        for listener in (sockets or ())[:1]:  # the others are the same socket
            _turn_newcomers_away(listener)
        # What was connected before that is accepted in the loop's next turns; closing now would reset it.
        await asyncio.sleep(_ACCEPT_SECONDS)
        await super().shutdown(sockets)
        log(logging.INFO, "stopped")


def serve(settings: Settings) -> None:
    """Serve until told to stop."""
    configure_logs(settings.log_level, {"site": settings.site, "replica": settings.replica})
    runtime = build_runtime(settings)
    crowd = Connections(holdable(settings.max_connections), limits_of(settings))
    listener = open_listener(settings)
    config = uvicorn.Config(
        Application(runtime),
        http=connection_class(runtime, crowd),
        ws="none",
        loop=f"{__name__}:Loop",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=math.ceil(settings.idle_seconds),
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
    )
    Loop.handshake_seconds = settings.head_seconds
    for line in describe_start(settings, listener.getsockname()[1]):
        log(logging.INFO, line)
    if crowd.limit < settings.max_connections:
        log(logging.WARNING, _describe_limit(settings.max_connections, crowd.limit))
    Server(config, runtime).run(sockets=multiply(listener))


class Loop(uvloop.Loop):
    """uvloop, ending who connects by TLS and never shakes hands; uvicorn has no setting for it."""

    handshake_seconds = 60.0

    async def create_server(self, *arguments: Any, **options: Any) -> Any:
        """Listen, with that limit where TLS is spoken."""
        if options.get("ssl") is not None:
            options["ssl_handshake_timeout"] = self.handshake_seconds
        return await super().create_server(*arguments, **options)


def connection_class(runtime: Runtime, crowd: Connections) -> type[Connection]:
    """The protocol class that uvicorn is to use over a runtime."""
    gauge = runtime.metrics.add_gauge
    gauge("outlast_in_flight", "Connections with a request on them.", lambda: {(): float(crowd.busy)})
    gauge("outlast_connections", "Open connections.", lambda: {(): float(len(crowd))})
    replies = Replies(fixed_headers(runtime.settings.site))
    return type("RuntimeConnection", (Connection,), {"intake": runtime.intake, "replies": replies, "crowd": crowd})


def describe_start(settings: Settings, port: int) -> list[str]:
    """What the operator is told at start, in words."""
    scheme = "https" if settings.tls_certificate else "http"
    lines = [f"listening on {scheme}://{settings.host}:{port} as site {settings.site}"]
    given = ", ".join(f"{name}={text}" for name, text in settings.given.items())
    lines.append(f"settings: {given}; every other has its default" if given else "every setting has its default")
    if settings.auth:
        names = sorted({key.name for key in settings.api_keys})
        lines.append(f"an API key is needed; {len(settings.api_keys)} are accepted, of {', '.join(names)}")
    else:
        lines.append("OUTLAST_AUTH=off: anybody who reaches this port may ask; no API key is needed")
    if not settings.receipt_keys:
        lines.append("OUTLAST_RECEIPT_KEYS is not set: answers carry no receipt, and feedback is refused")
    if not settings.audit_stdout and settings.audit_dir is None:
        lines.append("OUTLAST_AUDIT=off and no OUTLAST_AUDIT_DIR: there is no audit log, and feedback is refused")
    if settings.drills:
        # A presigned address carries its signature in its query.
        lines.append(f"OUTLAST_DRILLS=on: fault flags are read from {settings.faults.partition('?')[0]}")
    return lines


def _describe_limit(wanted: int, held: int) -> str:
    return (
        f"OUTLAST_MAX_CONNECTIONS={wanted}, but this process may open too few files for that: at most {held} "
        "connections; raise its limit (ulimit -n, LimitNOFILE=)"
    )


def open_listener(settings: Settings) -> socket.socket:
    """The listening socket. Raises Unavailable with what to do instead."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise Unavailable(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror}",
            hint=_LISTEN_HINTS.get(error.errno or 0, "set PORT and OUTLAST_HOST_BIND to what this machine allows"),
        ) from error
    listener.listen(4096)
    listener.set_inheritable(True)
    return listener


def multiply(listener: socket.socket) -> list[socket.socket]:
    """A listener and more descriptors of the same socket, so that a turn of the loop accepts as many connections."""
    return [listener, *(listener.dup() for _ in range(_ACCEPTS_A_TURN - 1))]


def _turn_newcomers_away(listener: socket.socket) -> None:
    """Let the kernel drop connection requests, which clients repeat, while it still completes what it has begun.

    Closing a listening socket resets connections that the kernel has already completed and nobody has accepted yet.
    A packet filter that takes nothing (classic BPF, `return 0`) opens no such gap: without it one in nine stops under
    the load of four clients reset a connection, with it none. Elsewhere than on Linux the gap stays.
    """
    program = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(program)))
