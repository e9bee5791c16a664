"""`outlast watch`: alarms for what Route 53 does not see; with --plain what the sandbox's page shows, in a terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from typing import Any

import click
from rich.console import Console
from rich.live import Live

from failover.oncall.commands import COMMANDS as ONCALL
from infra.models import ROOT
from outlast.page.plain import changes, draw, facts
from outlast.page.server import EVERY_SECONDS, Source
from sandbox.layout import Layout
from service.command_line import Command
from service.errors import InvalidInput, Mistake, OutlastError

_PLAIN = click.Option(["--plain"], is_flag=True, help="Of the sandbox: what `outlast page` shows, in this terminal.")
_FITS_NOT = {"drains": "--drain", "as_json": "--json"}


class _Watch(Command):
    """The command of `failover.oncall`; with --plain the sandbox, which needs no host."""

    def invoke(self, context: click.Context) -> Any:
        if not context.params.pop("plain"):
            return super().invoke(context)
        wrong = [option for name, option in _FITS_NOT.items() if context.params[name]]
        if wrong:
            mistakes = [Mistake(option, "is of alarms", "leave it or --plain out") for option in wrong]
            raise InvalidInput("these do not fit --plain", mistakes)
        from outlast.page.source import Sandbox  # it loads what sends requests

        with suppress(KeyboardInterrupt):
            watch_plain(Sandbox(Layout.of(ROOT)), Console(), context.params["looks"])
        return None


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
watch = _Watch("watch", params=[*_OF_ALARMS.params, _PLAIN], callback=_OF_ALARMS.callback, help=_OF_ALARMS.help)

COMMANDS = {"watch": watch}
