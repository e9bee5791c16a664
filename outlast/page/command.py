"""`outlast page`: the link of the page that the sandbox serves, or a page on a port of one's own until Ctrl-C."""

from __future__ import annotations

import secrets
import socket
import sys
import webbrowser
from contextlib import suppress

import click

from infra.models import ROOT
from sandbox.command import control
from sandbox.layout import Layout
from service.command_line import Command, say
from service.errors import Unavailable

ADDRESS = "127.0.0.1"


@click.command(cls=Command)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Serve it here as well, on this port of 127.0.0.1 until Ctrl-C; 0: one that is free.",
)
@click.option("--open", "opens", is_flag=True, help="Open it in the browser of this desktop as well.")
@click.option("--attached", type=int, hidden=True, help="Serve on this socket: how the sandbox starts it.")
def page(port: int | None, opens: bool, attached: int | None) -> None:
    """See the sandbox's three clouds in a browser: who answers, what fails, and a drill at the press of a button.

    Prints the link of the page that the sandbox serves. Requests are sent only while the page is open. Who has the link
    can lose a site; it holds until the sandbox stops.
    """
    layout = Layout.of(ROOT)
    if attached is not None:
        from outlast.page.attached import serve_attached
        from outlast.page.source import Sandbox

        serve_attached(Sandbox(layout), attached, sys.stdin)
    elif port is None:
        _show(control.connect(layout).status()["page"], opens)
    else:
        _serve(layout, port, opens)


def _show(link: str, opens: bool) -> None:
    click.echo(link)
    if opens:
        webbrowser.open(link)


def _serve(layout: Layout, port: int, opens: bool) -> None:
    from outlast.page.attached import make_server
    from outlast.page.source import Sandbox

    source = Sandbox(layout)
    source.view()  # a sandbox that is not up is told here, and not in the browser
    bound, token = _bind(port), secrets.token_urlsafe(24)
    server = make_server(source, bound, token)
    _show(f"http://{ADDRESS}:{bound.getsockname()[1]}/#{token}", opens)
    say("Ctrl-C ends it")
    with suppress(KeyboardInterrupt):
        server.run(sockets=[bound])


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
