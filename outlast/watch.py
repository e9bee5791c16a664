"""`outlast watch`: alarms for what Route 53 does not see; with --page or --plain the page, of real accounts too."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from typing import Any

import click
from click.core import ParameterSource
from rich.console import Console
from rich.live import Live

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
        help="With --page, or --plain of a host: the stack files, for what is declared and costs.",
    ),
]
_FITS_NOT = {"drains": "--drain", "as_json": "--json"}
_OF_PAGE = {"port": "--port", "opens": "--open", "allow_predict": "--allow-predict"}


class _Watch(Command):
    """The command of `failover.oncall`; with --plain or --page it shows, and raises no alarm."""

    def invoke(self, context: click.Context) -> Any:
        asked = {str(option.name): context.params.pop(str(option.name)) for option in _SHOWS}
        shows = [option for option in ("--plain", "--page") if asked[option[2:]]]
        _refuse_misfits(asked)
        if not shows:
            return super().invoke(context)
        wrong = [option for name, option in _FITS_NOT.items() if context.params[name]]
        if wrong:
            mistakes = [Mistake(option, "is of alarms", f"leave it or {shows[0]} out") for option in wrong]
            raise InvalidInput(f"these do not fit {shows[0]}", mistakes)
        host = context.params["host"]
        if asked["page"]:
            from outlast.page.serving import serve_here  # it loads a server

            serve_here(_open_account(host, asked), asked["port"], opens=asked["opens"])
            return None
        named_here = context.get_parameter_source("host") == ParameterSource.COMMANDLINE
        with suppress(KeyboardInterrupt):
            source = _open_account(host, asked) if named_here else _open_sandbox()
            watch_plain(source, Console(), context.params["looks"])
        return None


def _refuse_misfits(asked: Mapping[str, Any]) -> None:
    """Raises InvalidInput for both ways to show it, and for options of the page where none is served."""
    mistakes = []
    if asked["plain"] and asked["page"]:
        mistakes.append(Mistake("--plain", "is of this terminal, --page of a browser", "leave one out"))
    given = [option for name, option in _OF_PAGE.items() if asked[name]]
    if given and not asked["page"]:
        mistakes += [Mistake(option, "is of a page", "add --page, or leave it out") for option in given]
    if mistakes:
        raise InvalidInput("these do not fit", mistakes)


def _open_sandbox() -> Source:
    from outlast.page.source import Sandbox  # it loads what sends requests

    return Sandbox(Layout.of(ROOT))


def _open_account(host: str, asked: Mapping[str, Any]) -> Source:
    if not host:
        raise InvalidInput("no host: whose sites are meant?", hint="name it with --host or in $OUTLAST_HOST")
    from outlast.page.account import open_account

    return open_account(host, os.environ, stacks=asked["stacks"], may_predict=asked["allow_predict"])


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
