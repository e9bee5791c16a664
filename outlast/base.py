"""`outlast base adopt`: a base stack takes over what of a site should outlive it, and nothing is replaced."""

from __future__ import annotations

import click

from infra.models import ROOT
from outlast.adopting import Adoption, Plan
from outlast.rotate_stacks import pulumi_in
from service.command_line import Command, Group, say, working

_AGAIN = "nothing is lost at any moment of it: mend what Pulumi says, then give the same command again"


@click.group("base", cls=Group)
def base() -> None:
    """Base stacks, which hold what outlives the sites."""


@base.command(cls=Command)
@click.argument("site", metavar="SITE")
@click.option("--into", metavar="BASE", required=True, help="The base stack that holds it from now on.")
@click.option("--dry-run", is_flag=True, help="Say what would move, and change nothing.")
def adopt(site: str, into: str, dry_run: bool) -> None:
    """Move a site's registry, log and secrets from its stack into a base stack, so that they outlive it.

    Both stacks are up. Their files and Pulumi's states change, and nothing in the cloud; killed at any moment it is
    safe, and given again it goes on. Afterwards each stack is brought up once, the base stack first.
    """
    adoption = Adoption(ROOT, site, into, pulumi_in(ROOT, hint=_AGAIN))
    with working(f"reading the states of {site} and {into}"):
        plan = adoption.plan()
    _tell(plan, site, into)
    if dry_run:
        say("nothing was changed")
        return
    adoption.carry_out(plan, lambda line: say(f"• {line}"))
    say(f"now `pulumi up -s {into}`, then `pulumi up -s {site}`: neither preview replaces or deletes a thing")


def _tell(plan: Plan, site: str, into: str) -> None:
    for move in plan.moves:
        say(f"  {move.resource.type}  {move.resource.id}")
    if not plan.moves:
        say(f"{into} has it all: {len(plan.moved)} resources of {site}")


COMMANDS = {"base": base}
