"""`outlast page`: the link of the page that the sandbox serves, or a page on a port of one's own until Ctrl-C."""

from __future__ import annotations

import sys
import webbrowser

import click

from infra.models import ROOT
from sandbox.command import control
from sandbox.layout import Layout
from service.command_line import Command


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
    if attached is None and port is None:
        link = control.connect(layout).status()["page"]
        click.echo(link)
        if opens:
            webbrowser.open(link)
        return
    from outlast.page.serving import serve_attached, serve_here  # they load the server, and what sends requests
    from outlast.page.source import Sandbox

    source = Sandbox(layout)
    if attached is not None:
        serve_attached(source, attached, sys.stdin)
    else:
        serve_here(source, port or 0, opens=opens)


COMMANDS = {"page": page}
