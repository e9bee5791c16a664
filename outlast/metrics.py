"""`outlast metrics`: of the stack files' sites, which say how many replicas each has, or of those that are named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from failover.metrics.command import SECONDS, parse_replicas, show_metrics
from infra.models import ROOT
from infra.settings.reader import as_text
from outlast.cost import load_traffic
from outlast.drill import find_host
from outlast.least_replicas import count_least
from sandbox import stack_files
from service.command_line import Command, json_option


@click.command(cls=Command)
@click.option("--host", envvar="OUTLAST_HOST", default="", help="The public host. [env: OUTLAST_HOST]")
@click.option("--stacks", metavar="SET", help="Stack files of your own, `stacks/Pulumi.SET-*.yaml`.")
@click.option("--replicas", multiple=True, metavar="SITE=N", help="Instead of the stack files' sites and minReplicas.")
@click.option("--seconds", type=click.FloatRange(0.0, 600.0), default=SECONDS, show_default=True, help="At most.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the text to this file, whole, and print no text.")
@json_option
def metrics(
    host: str, stacks: str | None, replicas: Sequence[str], seconds: float, out: Path | None, as_json: bool
) -> None:
    """Gather every replica's metrics into one Prometheus text, each series with `site` and `replica`.

    A load balancer gives one replica's at a time, so each site is asked once a second until all were seen or the time
    is up; how many were is said first. With --json the coverage alone. Leaves with 5 where a replica is missing.
    """
    declared: Mapping[str, int | None] = parse_replicas(replicas) or read_declared(stacks, ROOT)
    show_metrics(host or find_host(stacks, ROOT), declared, seconds=seconds, out=out, as_json=as_json)


def read_declared(stacks: str | None, root: Path) -> dict[str, int | None]:
    """Site -> the replicas that its stack file asks for at least; None for a machine of one's own."""
    sites = load_traffic(stacks, root).weights
    return {site: _least(site, stack_files.read_config(root, site)) for site in sites}


def _least(site: str, config: Mapping[str, Any]) -> int | None:
    if config["outlast:kind"] == stack_files.PRIVATE:
        return None
    return count_least(site, {key: as_text(value) for key, value in config.items()})


COMMANDS = {"metrics": metrics}
