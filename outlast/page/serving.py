"""Serving the page: on a socket that the sandbox's daemon gave, while somebody looks; or here, until Ctrl-C."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from typing import IO

import click
import uvicorn

from outlast.page.server import Door, Source, make_app
from service.command_line import say
from service.errors import Unavailable

ADDRESS = "127.0.0.1"

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


def serve_here(source: Source, port: int, *, opens: bool) -> None:
    """Print a link, and serve it until Ctrl-C. Raises what the first view raises, and Unavailable for a taken port."""
    source.view()  # told here, and not in the browser
    bound, token = bind(port), secrets.token_urlsafe(24)
    server = make_server(source, bound, token)
    link = f"http://{ADDRESS}:{bound.getsockname()[1]}/#{token}"
    click.echo(link)
    say("Ctrl-C ends it")
    if opens:
        webbrowser.open(link)
    with suppress(KeyboardInterrupt):
        server.run(sockets=[bound])


def bind(port: int) -> socket.socket:
    """Raises Unavailable where the port is taken."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((ADDRESS, port))
        bound.listen()  # who opens the link at once waits for the server, and is not refused
    except OSError as error:
        bound.close()
        raise Unavailable(f"port {port} of {ADDRESS} cannot be used: {error.strerror}", hint="--port 0") from error
    return bound


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
