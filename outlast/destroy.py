"""`outlast destroy STACK`: `pulumi destroy`, unless DNS leads to the site or a drain switch lies in the base stack."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from failover.drill.discover import find_zone, read_groups
from failover.drill.route53 import build_client, translate_errors
from failover.routing.answers import RecordSet
from infra.models import ROOT
from sandbox import stack_files
from service.command_line import Command, say
from service.errors import InvalidInput, Mistake, Refused, Unavailable

Config = Mapping[str, Any]


@click.command("destroy", cls=Command)
@click.argument("stack", metavar="STACK")
@click.option("--yes", is_flag=True, help="Do not ask; Pulumi does otherwise.")
def destroy(stack: str, yes: bool) -> None:
    """Destroy a stack, in `outlast shell` or on real clouds: a site only when no record of the host names it any more.

    Plain `pulumi destroy -s SITE` runs no program, so nothing of ours can hold it back: there it is what
    outlast:protect keeps that refuses to go.
    """
    config = stack_files.read_config(ROOT, stack)
    kind = str(config.get("outlast:kind", ""))
    if kind in (*stack_files.SITE_KINDS, stack_files.PRIVATE):
        refuse_named(build_client(), find_host(ROOT, config), stack, find_traffic(ROOT, stack))
    elif kind == "base":
        refuse_switches(ROOT, stack)
    click.get_current_context().exit(run_pulumi(stack, yes=yes))


def find_host(root: Path, config: Config) -> str:
    """The public host, from the file of the site's zone. Raises InvalidInput where a file does not say it."""
    zone = str(config.get("outlast:zone") or "")
    host = stack_files.read_config(root, zone).get("outlast:host") if zone else None
    if not host:
        what = f"{stack_files.place_of(zone, 'outlast:host') if zone else 'outlast:zone of the site'} is missing"
        raise InvalidInput(what, hint="without it nobody can be asked whether DNS leads to the site")
    return str(host)


def find_traffic(root: Path, site: str) -> str:
    """The stack of traffic whose file names the site; `traffic` where none does."""
    return next((stack for stack, config in _traffic(root) if site in config.get("outlast:sites", ())), "traffic")


def _traffic(root: Path) -> list[tuple[str, Config]]:
    names = [
        path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in (root / "stacks").glob("Pulumi.*.yaml")
    ]
    found = [(name, stack_files.read_config(root, name)) for name in sorted(names)]
    return [(name, config) for name, config in found if config.get("outlast:kind") == "traffic"]


def refuse_named(route53: Any, host: str, site: str, traffic: str) -> None:
    """Raises Refused while a record of the host, or of a group behind it, leads to the site.

    The records are asked, not the state of the traffic stack: they are what resolvers answer with.
    """
    with translate_errors(f"read the records of {host}"):
        zone_id = find_zone(route53, host)
        named = [record for record in read_groups(route53, zone_id, host) if _leads_to(record, site, host)]
    if named:
        ttl = max(record.ttl_seconds for record in named)
        weights = ", ".join(dict.fromkeys(_describe(record) for record in named))
        remove = f"take {site} out of outlast:sites and outlast:weights of stacks/Pulumi.{traffic}.yaml"
        raise Refused(
            f"the records of {host} still lead to {site} ({weights}): clients would be sent to what is gone",
            hint=f"{remove}, `pulumi up -s {traffic}`, wait {ttl} s until no resolver knows the answer, then repeat",
        )


def _leads_to(record: RecordSet, site: str, host: str) -> bool:
    target = record.alias.dns_name if record.alias else next(iter(record.values), "")
    return record.set_identifier == site or target.rstrip(".").lower() == f"{site}.{host}"


def _describe(record: RecordSet) -> str:
    return f"weight {record.weight}" if record.weight is not None else record.policy


def refuse_switches(root: Path, base: str) -> None:
    """Raises Refused while the file of a traffic stack says that a site's drain switch lies in the base stack."""
    rows = [(stack, config.get("outlast:drainSwitches") or {}) for stack, config in _traffic(root)]
    mistakes = [
        Mistake(f"stacks/Pulumi.{stack}.yaml: outlast:drainSwitches.{site}", f"is {base}", "leave it out, and `up`")
        for stack, switches in rows
        for site, its in switches.items()
        if its == base
    ]
    if mistakes:
        raise Refused(f"drain switches lie in the store of {base}; nothing was destroyed", mistakes)


def run_pulumi(stack: str, *, yes: bool, environ: Mapping[str, str] = os.environ) -> int:
    """`pulumi destroy` on this terminal; its exit code. Raises Unavailable where there is no Pulumi on PATH."""
    program = shutil.which("pulumi", path=environ.get("PATH"))
    if program is None:
        raise Unavailable("there is no `pulumi` on the PATH", hint="in the sandbox: outlast exec -- outlast destroy …")
    say(f"• pulumi destroy -s {stack}")
    command = [program, "destroy", "-s", stack, *(["--yes", "--skip-preview"] if yes else [])]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


COMMANDS = {"destroy": destroy}
