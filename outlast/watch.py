"""`outlast watch`: alarms for what Route 53 does not see; with --page or --plain the page, of real accounts too."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from rich.console import Console
from rich.live import Live

from failover.drill.options import DEFAULT_DRILLS
from failover.oncall.commands import COMMANDS as ONCALL
from infra.models import ROOT
from outlast.page.plain import changes, draw, facts
from outlast.page.server import EVERY_SECONDS, Source
from sandbox.layout import Layout
from service.command_line import Command
from service.errors import InvalidInput, Mistake, OutlastError

_SHOWS = [
    click.Option(
        ["--plain"],
        is_flag=True,
        help="What `outlast page` shows, in this terminal: of the sandbox, or of the --host that is given here.",
    ),
    click.Option(["--page"], is_flag=True, help="Serve the page of the host here until Ctrl-C; it changes nothing."),
    click.Option(["--port"], type=click.IntRange(0, 65535), default=0, help="With --page: its port of 127.0.0.1."),
    click.Option(["--open", "opens"], is_flag=True, help="With --page: open it in the browser of this desktop."),
    click.Option(["--allow-predict"], is_flag=True, help="With --page: let its reader send a row to the host."),
    click.Option(
        ["--stacks"],
        metavar="SET",
        help="With --page, or --plain of a host: the stack files, for what is declared and costs, and for what the "
        "clouds themselves measure and alarm of.",
    ),
    click.Option(
        ["--drills"],
        type=click.Path(path_type=Path),
        help="With --page, or --plain of a host: where this machine's drills are looked for.  [default: drills]",
    ),
    click.Option(
        ["--lock"],
        default="",
        metavar="ADDRESS",
        help="With --page, or --plain of a host: the lock that drills of all machines share, to show who holds it. "
        "[env: OUTLAST_DRILL_LOCK]",
    ),
]
_FITS_NOT = {"drains": "--drain", "as_json": "--json"}
_OF_PAGE = {"port": "--port", "opens": "--open", "allow_predict": "--allow-predict"}
_OF_BOTH = {"stacks": "--stacks", "drills": "--drills", "lock": "--lock"}


class _Watch(Command):
    """The command of `failover.oncall`; with --plain or --page it shows, and raises no alarm."""

    def invoke(self, context: click.Context) -> Any:
        asked = {str(option.name): context.params.pop(str(option.name)) for option in _SHOWS}
        shows = [option for option in ("--plain", "--page") if asked[option[2:]]]
        named_here = context.get_parameter_source("host") == ParameterSource.COMMANDLINE
        _refuse_misfits(asked, named_here)
        if not shows:
            return super().invoke(context)
        _refuse_alarms(context, shows[0])
        host = context.params["host"]
        if asked["page"]:
            from outlast.page.serving import serve_here  # it loads a server

            serve_here(_open_account(host, asked), asked["port"], opens=asked["opens"])
            return None
        with suppress(KeyboardInterrupt):
            source = _open_account(host, asked) if named_here else _open_sandbox()
            watch_plain(source, Console(), context.params["looks"])
        return None


def _refuse_misfits(asked: Mapping[str, Any], named_here: bool) -> None:
    """Raises InvalidInput for both ways to show it, and for options of what is not shown."""
    mistakes = []
    if asked["plain"] and asked["page"]:
        mistakes.append(Mistake("--plain", "is of this terminal, --page of a browser", "leave one out"))
    given = [option for name, option in _OF_PAGE.items() if asked[name]]
    if given and not asked["page"]:
        mistakes += [Mistake(option, "is of a page", "add --page, or leave it out") for option in given]
    given = [option for name, option in _OF_BOTH.items() if asked[name]]
    if given and not asked["page"] and not asked["plain"]:
        mistakes += [
            Mistake(option, "is of what is shown", "add --page or --plain, or leave it out") for option in given
        ]
    if given and asked["plain"] and not named_here:
        mistakes += [Mistake(option, "is of real accounts", "name their --host, or leave it out") for option in given]
    if mistakes:
        raise InvalidInput("these do not fit", mistakes)


def _refuse_alarms(context: click.Context, shows: str) -> None:
    """Raises InvalidInput for options of alarms where none is raised, and for a count of looks that nobody counts."""
    wrong = [option for name, option in _FITS_NOT.items() if context.params[name]]
    if context.get_parameter_source("every") == ParameterSource.COMMANDLINE:
        wrong.append("--every")
    mistakes = [Mistake(option, "is of alarms", f"leave it or {shows} out") for option in wrong]
    if shows == "--page" and context.params["looks"]:
        mistakes.append(Mistake("--looks", "counts looks; a page is served until Ctrl-C", "leave it out, or --plain"))
    if mistakes:
        raise InvalidInput(f"these do not fit {shows}", mistakes)


def _open_sandbox() -> Source:
    from outlast.page.source import Sandbox  # it loads what sends requests

    return Sandbox(Layout.of(ROOT))


def _open_account(host: str, asked: Mapping[str, Any]) -> Source:
    if not host:
        raise InvalidInput("no host: whose sites are meant?", hint="name it with --host or in $OUTLAST_HOST")
    from outlast.page.account import Options, open_account

    drills = asked["drills"] or DEFAULT_DRILLS
    return open_account(host, os.environ, Options(asked["stacks"], asked["allow_predict"], drills, asked["lock"]))


def watch_plain(source: Source, console: Console, looks: int | None) -> None:
    """Show the source once a second, `looks` times or for ever; its clients ask for as long."""
    source.traffic.enter()
    try:
        if console.is_terminal:
            with Live(console=console, auto_refresh=False) as live:
                for view in _views(source, looks):
                    live.update(draw(view), refresh=True)
        else:
            _tell_changes(source, console, looks)
    finally:
        source.traffic.leave()


def _tell_changes(source: Source, console: Console, looks: int | None) -> None:
    before: dict[str, str] = {}
    for view in _views(source, looks):
        now = facts(view)
        for line in changes(before, now):
            console.print(f"{datetime.now(UTC):%H:%M:%S} {line}", soft_wrap=True, markup=False, highlight=False)
        before |= now


def _views(source: Source, looks: int | None) -> Iterator[dict[str, Any]]:
    """A view a second; where the sandbox is away, that it is."""
    for number in count(1):
        try:
            yield source.view()
        except OutlastError as error:
            yield {"error": error.what, "hint": error.hint}
        if number == looks:
            return
        time.sleep(EVERY_SECONDS)


_OF_ALARMS = ONCALL["watch"]
watch = _Watch("watch", params=[*_OF_ALARMS.params, *_SHOWS], callback=_OF_ALARMS.callback, help=_OF_ALARMS.help)

COMMANDS = {"watch": watch}
