"""How commands talk beside their data: bars and errors, on stderr."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from service.errors import OutlastError

Announce = Callable[[str, int, int], None]  # (step, done, of)
F = TypeVar("F", bound=Callable[..., Any])

_INTERRUPTED = 130  # 128 and SIGINT's number, as shells have it


def say_errors(command: F) -> F:
    """Turn a OutlastError into `error: …` and `hint: …` on stderr and its exit code; Ctrl-C into 130."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except OutlastError as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("stopped; what was finished is kept, and the same command goes on from there", err=True)
            sys.exit(_INTERRUPTED)

    return wrapped  # type: ignore[return-value]


@contextmanager
def show_progress() -> Iterator[Announce]:
    """A bar for each step that tells how far it is; on stderr, and silent where that is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def announce(step: str, done: int, of: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=of)
            bars.update(tasks[step], completed=done, total=of)

        yield announce
