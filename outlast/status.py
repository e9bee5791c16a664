"""`outlast status`: the sandbox of this folder, or with `--host` any host in the account of your AWS credentials."""

from __future__ import annotations

from pathlib import Path

import click

from service.command_line import Command, json_option
from service.errors import InvalidInput, Mistake


@click.command(cls=Command)
@click.option("--host", default="", help="A public host, on real clouds or in `outlast shell`: for somebody on call.")
@click.option("--resources", is_flag=True, help="Of the sandbox: how deep each resource type goes.")
@click.option("--drills", type=click.Path(path_type=Path), default=Path("drills"), help="Where journals of drills are.")
@json_option
@click.pass_context
def status(context: click.Context, host: str, resources: bool, drills: Path, as_json: bool) -> None:
    """What runs, where, and how it is."""
    if host and resources:
        raise InvalidInput("these two do not fit", [Mistake("--resources", "is of the sandbox", "leave one out")])
    if host:
        from failover.oncall.commands import show_status

        show_status(host, drills=drills, as_json=as_json)
        return
    from sandbox.__main__ import COMMANDS as sandbox

    context.invoke(sandbox["status"], resources=resources, as_json=as_json)


COMMANDS = {"status": status}
