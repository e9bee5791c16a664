"""`outlast drain` and `undrain`: by a site's drain switch where the stack files give it one, else by its health check.

A switch needs no API of Route 53, so it is the way for the day on which that does not answer.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import click

from failover.dial import Dial
from failover.levers.clouds import Clouds
from failover.oncall.commands import COMMANDS as ONCALL
from failover.oncall.switch import SwitchedHost, Switches
from failover.oncall.switch_note import SwitchNote
from infra.switch import INTERVAL_SECONDS, THRESHOLD
from outlast.switches import find_switches
from service.command_line import Command, print_json
from service.errors import InvalidInput

_BY_CHECK = click.Option(["--by-check"], is_flag=True, help="By the health check, also where there is a drain switch.")


class _Drain(Command):
    """The command of `failover.oncall`, which takes the switch where there is one."""

    def invoke(self, context: click.Context) -> Any:
        by_check = context.params.pop("by_check")
        site, host = context.params["site"], context.params["host"]
        switched = None if by_check or not host else _find_switches(host)
        if switched is None or site not in switched.switches:
            return super().invoke(context)
        switches = Switches(switched, Dial.from_environment(os.environ), Clouds(dict(os.environ)))
        if self.name == "undrain" and not switches.is_thrown(site):
            return super().invoke(context)  # then somebody took it out by its health check, or nobody did
        done = _take_switch(str(self.name), switches, context.params)
        if context.params["as_json"]:
            print_json({"site": site, "done": done.splitlines(), "switch": switched.switches[site]})
        else:
            click.echo(done)
        return None


def _find_switches(host: str) -> SwitchedHost | None:
    """Of this host; where its files are wrong, on the day of an outage, the error names the way without them."""
    try:
        return find_switches(host)
    except InvalidInput as error:
        error.hint = "; ".join(filter(None, (error.hint, "without the stack files, by the health check: --by-check")))
        raise


def _take_switch(command: str, switches: Switches, asked: dict[str, Any]) -> str:
    site = asked["site"]
    if command == "undrain":
        return switches.take_back(site, anyway=asked["anyway"])
    note = SwitchNote(datetime.now(UTC).isoformat(timespec="seconds"), asked["by"], asked["why"])
    already = switches.is_thrown(site)
    done = switches.throw(site, note, last=asked["last"])
    back = f"to put it back: outlast undrain {site} --host {switches.of.host}"
    if already:  # whoever was first is named in it, and nothing of this call
        return f"{done}\n{back}"
    after = INTERVAL_SECONDS * THRESHOLD
    told = " and ".join(f"--{name}" for name in ("by", "why") if asked[name])
    return (
        f"{done}, after about {after} s; clients that honour the TTL follow within it\n"
        + (f"anybody can read there what {told} said\n" if told else "")
        + back
    )


def _with_switch(command: click.Command) -> click.Command:
    return _Drain(command.name, params=[*command.params, _BY_CHECK], callback=command.callback, help=command.help)


COMMANDS = {name: _with_switch(ONCALL[name]) for name in ("drain", "undrain")}
