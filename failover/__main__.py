"""`python -m failover`: how traffic moves between sites, and drills that prove it."""

from __future__ import annotations

import click

from failover.commands import drill
from failover.oncall.commands import COMMANDS as ONCALL
from service.command_line import CONTEXT, Group


@click.group(cls=Group, context_settings=CONTEXT)
def main() -> None:
    """How traffic moves between sites, and drills that prove it."""


main.add_command(drill)
for command in ONCALL.values():
    main.add_command(command)

if __name__ == "__main__":
    main(prog_name="python -m failover")
