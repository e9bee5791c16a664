"""How every command speaks: data on stdout, words and errors on stderr, and one exit code for each kind of error.

    code  when
    0     it was done
    1     something else went wrong
    2     a file, a flag, a row or a request is wrong
    3     a guard said no; nothing was changed
    4     something needed does not answer, is not installed, or cannot be written
    5     a target was missed: a drill deviated, a live metric left its interval, a copy is not what was written
    6     a model file is not the one that its manifest pins
    7     an audit log, or a drill's journal, was changed
    130   Ctrl-C

All command groups are built from `Command` and `Group`. `LazyGroup` imports a command only to run it, so that
`--help` is quick and the image needs nothing of training.
"""

from __future__ import annotations

import errno
import importlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from service.errors import InvalidInput, OutlastError, Unavailable
from service.ticks import LONG_SECONDS, open_bars, ticking

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

INTERRUPTED = 130  # 128 and SIGINT's number, as shells have it
CONTEXT: Mapping[str, Any] = {"help_option_names": ["-h", "--help"]}
_EVERY_ERROR = "docs/reference/errors.md lists every error, and what to do"
# What a system says where nothing more can be written.
_NOT_WRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)

Announce = Callable[[int, int], None]  # (done, of)

F = TypeVar("F", bound=Callable[..., Any])


def json_option(command: F) -> F:
    """`--json`: the command prints data on stdout, and nothing else there."""
    return click.option("--json", "as_json", is_flag=True, help="Print data as JSON on stdout, nothing else there.")(
        command
    )


def model_option(command: F) -> F:
    """`--model`: which of the released models is asked."""
    return click.option(
        "--model",
        metavar="NAME",
        envvar="OUTLAST_DEFAULT_MODEL",
        show_envvar=True,
        help="The released model; the only one where none is named.",
    )(command)


def print_json(document: Any) -> None:
    """Data on stdout, for programs."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def say(line: str) -> None:
    """Progress and remarks: on stderr, so that stdout stays data."""
    click.echo(line, err=True)


@contextmanager
def working(doing: str) -> Iterator[Announce]:
    """Tell that something goes on: a bar on a terminal; without one a line after two seconds, then every ten.

    What it yields takes how much is done, and of how much, from any thread; until then a bar shows that it goes on.
    """
    if (bars := open_bars()) is not None:
        task = bars.add_task(doing, total=None)
        with bars:
            yield lambda done, of: bars.update(task, completed=done, total=of)
        return
    told, began = {"": ""}, time.monotonic()
    with ticking(lambda: say(f"• {doing}{told['']} …")):
        yield lambda done, of: told.update({"": f", {done} of {of}"})
    if (took := time.monotonic() - began) >= LONG_SECONDS:
        say(f"• {doing}: done in {took:.0f} s")


def say_error(error: OutlastError) -> None:
    """`error: what and why`, and `hint: …` where there is one; the first word red on a terminal without NO_COLOR."""
    plain = bool(os.environ.get("NO_COLOR"))
    click.echo(click.style("error:", fg="red") + f" {error}", err=True, color=False if plain else None)


@contextmanager
def set_at_end(over: threading.Event) -> Iterator[None]:
    """Tell threads that it is over, after Ctrl-C as well: they would go on with long work, and the command wait."""
    try:
        yield
    finally:
        over.set()


def leave(exit_code: int, hint: str) -> NoReturn:
    """End a command that did what it was asked and found something wrong; the last line says what to do about it."""
    click.echo(f"hint: {hint}", err=True)
    sys.exit(exit_code)


class _Speaking(click.Command):
    """Turns each way in which a command can fail into `error: …`, `hint: …` and its exit code."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run as a program: whatever happens ends here, in an exit code. Otherwise errors are the caller's."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, False, **extra)
        try:
            sys.exit(self._run(args, prog_name, complete_var, **extra))
        except (KeyboardInterrupt, click.Abort):
            say("interrupted: what is finished stays, and the same command goes on from there")
            sys.exit(INTERRUPTED)

    def _run(self, args: Sequence[str] | None, prog_name: str | None, complete_var: str | None, **extra: Any) -> int:
        try:
            left = super().main(args, prog_name, complete_var, False, **extra)
        except OutlastError as error:
            return _tell(error)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            say(f"hint: type one of these: {error.ctx.command_path if error.ctx else prog_name} COMMAND --help")
            return error.exit_code
        except click.ClickException as error:
            return _tell(_as_ours(error))
        except OSError as error:
            return _tell(_as_not_writable(error))
        return left if isinstance(left, int) else 0

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what was typed; an error knows of which command, so that its hint can name it."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise


class Command(_Speaking):
    """A command."""


class Group(_Speaking, click.Group):
    """A group of commands; those made by its `command` and `group` are of these classes as well."""

    command_class = Command
    group_class = type


def _tell(error: OutlastError) -> int:
    """Its exit code. The last line says what to do next, of an error that has no hint of its own as well."""
    say_error(error)
    if not str(error).splitlines()[-1].lstrip().startswith("hint:"):
        listed = getattr(error, "mistakes", ())
        say(f"hint: {'correct what is listed, and repeat the command' if listed else _EVERY_ERROR}")
    return error.exit_code


def _as_ours(error: click.ClickException) -> OutlastError:
    """What click found wrong in what was typed, with the help that tells what can be typed."""
    if not isinstance(error, click.UsageError):
        return OutlastError(error.format_message())
    where = error.ctx.command_path if error.ctx else ""
    return InvalidInput(error.format_message(), hint=f"{where} --help" if where else "")


def _as_not_writable(error: OSError) -> OutlastError:
    """A full or closed disk as an error with a way out. Raises any other failure of the system again."""
    unnamed = error.errno == errno.EACCES and error.filename is None  # a port, for example
    if error.errno not in _NOT_WRITABLE or unnamed:
        raise error
    return Unavailable(
        f"{error.filename or 'a file'} cannot be written: {error.strerror}",
        hint="free some disk space or correct the folder's rights, then repeat the command: it goes on",
    )


@dataclass(frozen=True)
class Row:
    """One command of a lazy group: its name, the module that has it in `COMMANDS`, and what it does."""

    name: str
    module: str
    does: str
    called: str = ""  # its name in COMMANDS, where that is another

    def load(self) -> click.Command:
        """The command itself, by importing its module."""
        found: click.Command = importlib.import_module(self.module).COMMANDS[self.called or self.name]
        return found


class LazyGroup(Group):
    """A group that knows its commands' names and imports one only to run it; its help is in sections.

    `moved` are the names of commands that are elsewhere now, each with what to type instead.
    """

    def __init__(
        self, *args: Any, sections: Mapping[str, Sequence[Row]], moved: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self.sections = sections
        self.moved = moved or {}
        self.rows = {row.name: row for rows in sections.values() for row in rows}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name, in the help's order."""
        return [*self.rows, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported; None where there is none. Raises InvalidInput for one that moved."""
        if cmd_name in self.moved:
            raise InvalidInput(f"`{ctx.command_path} {cmd_name}` has moved", hint=self.moved[cmd_name])
        row = self.rows.get(cmd_name)
        return row.load() if row else super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The names and what each does, from the table: importing all of them would take seconds."""
        width = max(map(len, self.rows), default=0)
        for title, rows in self.sections.items():
            with formatter.section(title):
                formatter.write_dl([(row.name.ljust(width), row.does) for row in rows])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names and options that begin so, from the table as well."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(row.name, help=row.does) for row in self.rows.values()]
        return [item for item in found if item.value.startswith(incomplete)] + click.Command.shell_complete(
            self, ctx, incomplete
        )
