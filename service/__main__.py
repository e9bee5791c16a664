"""`python -m service …`: the model, its evaluation and its server.

Commands are imported when they are called: the image holds what serving needs and nothing of training.
"""

from __future__ import annotations

import importlib
import sys

import click

# command -> (module, what it does). A module offers its command as a click command named like it, in `COMMANDS`.
_COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("service.server.commands", "Serve the released models over HTTP."),
    "model": ("service.model.commands", "Train the model and write the release."),
}


class _Lazy(click.Group):
    """A group that knows its commands' names and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _ = _COMMANDS[cmd_name]
        command: click.Command = importlib.import_module(module).COMMANDS[cmd_name]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, what) for name, (_, what) in _COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The model, its evaluation harness and its server. Nothing here knows a cloud."""


if __name__ == "__main__":
    sys.exit(main(prog_name="python -m service"))
