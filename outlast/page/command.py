"""`outlast page`: serves the page of this folder's sandbox on loopback until Ctrl-C, and prints its link."""

from __future__ import annotations

import secrets
import socket
import webbrowser
from contextlib import suppress

import click
import uvicorn

from infra.models import ROOT
from outlast.page.server import Door, make_app
from outlast.page.source import Sandbox
from sandbox.layout import Layout
from service.command_line import Command, say
from service.errors import Unavailable

ADDRESS = "127.0.0.1"


@click.command(cls=Command)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of 127.0.0.1; 0: one that is free.")
@click.option("--open", "opens", is_flag=True, help="Open it in the browser of this desktop as well.")
def page(port: int, opens: bool) -> None:
    """See the sandbox's three clouds in a browser: who answers, what fails, and a drill at the press of a button.

    Requests are sent only while the page is open. Who has the link can lose a site; it holds until Ctrl-C.
    """
    source = Sandbox(Layout.of(ROOT))
    source.view()  # a sandbox that is not up is told here, and not in the browser
    bound = _bind(port)
    token, place = secrets.token_urlsafe(24), f"{ADDRESS}:{bound.getsockname()[1]}"
    hosts = frozenset({place, place.replace(ADDRESS, "localhost")})
    link = f"http://{place}/#{token}"
    click.echo(link)
    say("Ctrl-C ends it")
    if opens:
        webbrowser.open(link)
    config = uvicorn.Config(
        make_app(source, Door(hosts, token)), log_level="warning", lifespan="off", timeout_graceful_shutdown=1
    )
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[bound])


def _bind(port: int) -> socket.socket:
    """Raises Unavailable where the port is taken."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((ADDRESS, port))
    except OSError as error:
        bound.close()
        raise Unavailable(f"port {port} of {ADDRESS} cannot be used: {error.strerror}", hint="--port 0") from error
    return bound


COMMANDS = {"page": page}
