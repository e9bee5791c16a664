"""`outlast status`: the sandbox of this folder, or with `--host` any host in the account of your AWS credentials."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from service.command_line import Command, json_option, print_json, say_error, working
from service.errors import InvalidInput, Mistake


@click.command(cls=Command)
@click.option("--host", default="", help="A public host, on real clouds or in `outlast shell`: for somebody on call.")
@click.option("--resources", is_flag=True, help="Of the sandbox: how deep each resource type goes.")
@click.option("--copies", is_flag=True, help="How far each store that `outlast sync` copied to is behind.")
@click.option("--drills", type=click.Path(path_type=Path), default=Path("drills"), help="Where journals of drills are.")
@json_option
@click.pass_context
def status(context: click.Context, host: str, resources: bool, copies: bool, drills: Path, as_json: bool) -> None:
    """What runs, where, and how it is."""
    if copies and (host or resources):
        raise InvalidInput("these do not fit", [Mistake("--copies", "is of the stores alone", "leave the others out")])
    if host and resources:
        raise InvalidInput("these two do not fit", [Mistake("--resources", "is of the sandbox", "leave one out")])
    if copies:
        show_copies(as_json)
        return
    if host:
        from failover.oncall.commands import show_status

        show_status(host, drills=drills, as_json=as_json)
        return
    from sandbox.__main__ import COMMANDS as sandbox

    context.invoke(sandbox["status"], resources=resources, as_json=as_json)


def show_copies(as_json: bool) -> None:
    """What `outlast sync` copied from here, and how far each copy is behind; fails where one cannot be read."""
    from outlast.sync.standing import collect, render

    with working("asking the stores"):
        found = collect(Path.cwd())
    if as_json:
        print_json([one.document() for one in found])
    else:
        click.echo("\n".join(render(found)))
    unread = [error for one in found for error in one.unread.values()]
    for error in unread:
        say_error(error)
    if unread:
        sys.exit(unread[0].exit_code)


COMMANDS = {"status": status}
