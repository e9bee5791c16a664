"""`outlast destroy STACK`: `pulumi destroy`, unless DNS leads to the site, or others need what the base stack has."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import boto3
import click

from failover.drill.discover import find_zone, find_zones, read_groups
from failover.drill.route53 import build_client, translate_errors
from failover.routing.answers import RecordSet
from infra.models import ROOT
from outlast.destroy_base import read_all, refuse_used, what_stays
from sandbox import stack_files
from service.command_line import Command, say, working
from service.errors import InvalidInput, Refused, Unavailable

Config = Mapping[str, Any]
ACCOUNTS = "aws:allowedAccountIds"


@click.command("destroy", cls=Command)
@click.argument("stack", metavar="STACK")
@click.option("--yes", is_flag=True, help="Do not ask; Pulumi does otherwise.")
def destroy(stack: str, yes: bool) -> None:
    """Destroy a stack, in `outlast shell` or on real clouds, unless others need it.

    A site goes only when no record of the host names it any more, a base stack only when no site that is up needs it.
    What of its audit records has to stay is said.

    Plain `pulumi destroy -s SITE` runs no program, so nothing of ours can hold it back: there it is what
    outlast:protect keeps that refuses to go.
    """
    with working(f"looking whether others need {stack}"):
        refuse_needed(stack)
    click.get_current_context().exit(run_pulumi(stack, yes=yes))


def refuse_needed(stack: str) -> None:
    """Raises Refused where DNS or another stack leads to it."""
    config = stack_files.read_config(ROOT, stack)
    kind = str(config.get("outlast:kind", ""))
    if kind in (*stack_files.SITE_KINDS, stack_files.PRIVATE):
        host, traffic = find_host(ROOT, config), find_traffic(ROOT, stack)
        refuse_named(build_client(), host, stack, traffic, find_owners(ROOT, config))
    elif kind == "base":
        refuse_used(ROOT, stack, count_resources)
        if told := what_stays(ROOT, stack):
            say(f"• {told}")


def find_host(root: Path, config: Config) -> str:
    """The public host, from the file of the site's zone. Raises InvalidInput where a file does not say it."""
    zone = str(config.get("outlast:zone") or "")
    host = stack_files.read_config(root, zone).get("outlast:host") if zone else None
    if not host:
        what = f"{stack_files.place_of(zone, 'outlast:host') if zone else 'outlast:zone of the site'} is missing"
        raise InvalidInput(what, hint="without it nobody can be asked whether DNS leads to the site")
    return str(host)


def find_owners(root: Path, config: Config) -> frozenset[str]:
    """The AWS accounts of which one has the zone, by its file."""
    return frozenset(map(str, stack_files.read_config(root, str(config["outlast:zone"])).get(ACCOUNTS, ())))


def find_traffic(root: Path, site: str) -> str:
    """The stack of traffic whose file names the site; `traffic` where none does."""
    files = [(stack, config) for stack, config in read_all(root) if config.get("outlast:kind") == "traffic"]
    return next((stack for stack, config in files if site in config.get("outlast:sites", ())), "traffic")


def refuse_named(route53: Any, host: str, site: str, traffic: str, owners: Collection[str] = ()) -> None:
    """Raises Refused while a record of the host, or of a group behind it, leads to the site.

    The records are asked, not the state of the traffic stack: they are what resolvers answer with. Where the zone is
    gone there are none; but that only the account can say which had it, one of `owners`.
    """
    with translate_errors(f"read the records of {host}"):
        if not find_zones(route53, host) and (account := find_account()) in owners:
            say(f"• the account {account} has no zone for {host} any more: no record leads to {site}")
            return
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


def find_account() -> str:
    """The AWS account that the credentials are of."""
    return str(boto3.Session().client("sts", region_name="us-east-1").get_caller_identity()["Account"])


def _leads_to(record: RecordSet, site: str, host: str) -> bool:
    target = record.alias.dns_name if record.alias else next(iter(record.values), "")
    return record.set_identifier == site or target.rstrip(".").lower() == f"{site}.{host}"


def _describe(record: RecordSet) -> str:
    return f"weight {record.weight}" if record.weight is not None else record.policy


def find_pulumi(environ: Mapping[str, str] = os.environ) -> str:
    """The CLI. Raises Unavailable where there is none on PATH."""
    program = shutil.which("pulumi", path=environ.get("PATH"))
    if program is None:
        raise Unavailable("there is no `pulumi` on the PATH", hint="in the sandbox: outlast exec -- outlast destroy …")
    return program


def count_resources() -> Mapping[str, int]:
    """Stack -> how many resources Pulumi's state has of it. Raises Unavailable where the state cannot be read."""
    command = [find_pulumi(), "stack", "ls", "--json", "--non-interactive"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(
            f"`pulumi stack ls` failed: {done.stderr.strip()}", hint="`pulumi login` to where the state is"
        )
    # A backend that does not count says nothing; then whatever it lists may be up.
    return {str(row["name"]).rpartition("/")[2]: int(row.get("resourceCount", 1)) for row in json.loads(done.stdout)}


def run_pulumi(stack: str, *, yes: bool, environ: Mapping[str, str] = os.environ) -> int:
    """`pulumi destroy` on this terminal; its exit code. Raises Unavailable where there is no Pulumi on PATH."""
    program = find_pulumi(environ)
    say(f"• pulumi destroy -s {stack}")
    command = [program, "destroy", "-s", stack, *(["--yes", "--skip-preview"] if yes else [])]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


COMMANDS = {"destroy": destroy}
