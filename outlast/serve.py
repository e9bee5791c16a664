"""`outlast serve`: the server; with `--site` as a stack's file of the kind `private` asks for it."""

from __future__ import annotations

import os

import click

from service.command_line import Command
from service.server.commands import serve_command


@click.command("serve", cls=Command, epilog=serve_command.epilog)
@click.option("--check", is_flag=True, help="Check the settings and the models, then leave.")
@click.option("--site", metavar="STACK", help="Serve what this stack of the kind `private` says, as it says it.")
def serve(check: bool, site: str | None) -> None:
    """Serve the released models over HTTP until SIGTERM or Ctrl-C."""
    if site:
        # Here and not above: a server that has nothing to do with stacks must not carry what reads them.
        from outlast.private_site import CALLERS_KEY, prepare

        os.environ.update(prepare(site, os.environ))
        os.environ.pop(CALLERS_KEY, None)
    click.get_current_context().invoke(serve_command, check=check)


COMMANDS = {"serve": serve}
