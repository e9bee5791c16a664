"""`python -m failover`: how traffic moves between sites, and drills that prove it."""

from __future__ import annotations

from typing import Any

import click

from failover.drill.commands import drill
from service.errors import OutlastError


class _Commands(click.Group):
    """Prints an error as `error: …` and `hint: …` on stderr, and leaves with its exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except OutlastError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(error.exit_code)


@click.group(cls=_Commands)
def main() -> None:
    """How traffic moves between sites, and drills that prove it."""


main.add_command(drill)

if __name__ == "__main__":
    main(prog_name="python -m failover")
