"""The page as the sandbox's daemon starts it: on a socket that it was given, until nobody has looked for a while."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from typing import IO

import uvicorn

from outlast.page.server import Door, Source, make_app

IDLE_SECONDS = 60.0
"""So long it stays without a viewer: a page that is loaded anew needs no new process."""
_LOOK_SECONDS = 1.0


def serve_attached(source: Source, descriptor: int, pipe: IO[str]) -> None:
    """Serve on the socket. The pipe brings the token; its end is the end of the sandbox, and of this process."""
    token = pipe.readline().strip()
    with socket.socket(fileno=descriptor) as bound:
        server = make_server(source, bound, token)
        for work in (lambda: _leave_with(pipe), lambda: leave_when_idle(source, server)):
            threading.Thread(target=work, daemon=True).start()
        server.run(sockets=[bound])


def make_server(source: Source, bound: socket.socket, token: str) -> uvicorn.Server:
    """The page's server, for readers who call it by the socket's address."""
    place, port = bound.getsockname()[:2]
    door = Door(frozenset({f"{place}:{port}", f"localhost:{port}"}), token)
    return uvicorn.Server(
        uvicorn.Config(make_app(source, door), log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
    )


def _leave_with(pipe: IO[str]) -> None:
    """At once: the next sandbox may want this port already."""
    pipe.read()
    os._exit(0)


def leave_when_idle(source: Source, server: uvicorn.Server, *, now: Callable[[], float] = time.monotonic) -> None:
    """End the server once nobody has looked, and nothing that was pressed has run, for `IDLE_SECONDS`."""
    used = now()
    while now() - used < IDLE_SECONDS:
        if source.is_used:
            used = now()
        time.sleep(_LOOK_SECONDS)
    server.should_exit = True
