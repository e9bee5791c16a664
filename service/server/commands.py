"""The server's commands."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import click

from service.errors import ServiceError
from service.server.settings import SETTINGS, Settings


def _settings_help() -> str:
    """Every environment variable, for `--help`."""
    lines = ["\b", "Configuration is by environment variables only:"]
    for setting in SETTINGS:
        default = f" (default {setting.default})" if setting.default else ""
        lines.append(f"  {setting.name}{default}: {setting.meaning}")
    return "\n".join(lines)


@click.command("serve", epilog=_settings_help())
@click.option("--check", is_flag=True, help="Check the settings and the models, then leave.")
def serve_command(check: bool) -> None:
    """Serve the released models over HTTP until SIGTERM or Ctrl-C."""
    try:
        settings = Settings.from_environment(os.environ)
        if check:
            from service.server.runtime import build_runtime

            build_runtime(settings)
            click.echo("the settings and the models are right", err=True)
            return
        from service.server.run import serve

        serve(settings)
    except ServiceError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)


COMMANDS: Mapping[str, click.Command] = {"serve": serve_command}
