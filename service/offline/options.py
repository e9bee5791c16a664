"""Options that the offline commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from service.command_line import say

F = TypeVar("F", bound=Callable[..., Any])


def problem_option(command: F) -> F:
    """`--problem`, the older name of `--model`: read, with a warning, for one release more."""
    return click.option("--problem", hidden=True, callback=_warn, help="The older name of --model.")(command)


def _warn(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        say(f"warning: --problem is called --model now; write --model {value}")
    return value
