"""`outlast drill …`: the drill's commands; `history` holds the drills against what the traffic stack promises."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from failover.commands import drill as everywhere
from failover.evidence.commands import history as by_options
from failover.evidence.commands import report_history
from failover.evidence.history import Promise
from infra.models import ROOT
from infra.settings.kinds import TrafficSettings
from outlast.cost import load_traffic
from sandbox import stack_files
from sandbox.layout import Layout
from service.command_line import Command, Group, say


def _history(
    stacks: str | None,
    every_days: int | None,
    rto: float | None,
    sites: Sequence[str],
    host: str,
    drills: Path,
    as_json: bool,
) -> None:
    traffic = load_traffic(stacks, ROOT)
    promise = Promise(every_days or traffic.drill_every_days, rto or traffic.rto_seconds)
    if promise == Promise():
        say(
            f"stacks/Pulumi.{traffic.name}.yaml promises nothing (outlast:drillEveryDays, outlast:rtoSeconds): "
            "only sites that never passed a drill are told"
        )
    report_history(
        promise, [*_sites(traffic), *sites], host=host or find_host(stacks, ROOT), drills=drills, as_json=as_json
    )


def _sites(traffic: TrafficSettings) -> list[str]:
    """The sites that get traffic while all are healthy: a site in reserve has none that could be lost."""
    return [site for site, weight in traffic.weights.items() if weight]


def find_host(stacks: str | None, root: Path) -> str:
    """The public host of a set; without a name of what the sandbox was brought up with."""
    chosen = stack_files.find(root, stacks) if stacks else stack_files.load(Layout.of(root))
    return str(stack_files.read_config(root, chosen.zone).get("outlast:host", ""))


history = Command(
    "history",
    callback=_history,
    params=[
        click.Option(["--stacks"], metavar="SET", help="Stack files of your own, `stacks/Pulumi.SET-*.yaml`."),
        *by_options.params,
    ],
    help="Hold the drills that are here against what the traffic stack promises (outlast:drillEveryDays, "
    "outlast:rtoSeconds), or against the options; leave with 5 when a site's last passed one is too old.",
)

drill = Group("drill", commands={**everywhere.commands, "history": history}, help=everywhere.help)

COMMANDS = {"drill": drill}
