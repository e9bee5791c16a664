"""`outlast doctor`: what is missing on this machine, or in the accounts of a set of stack files. Changes nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from outlast.doctor import machine
from outlast.doctor.checks import LIMIT_SECONDS, Finding, count_wrong, render, run_checks
from service.command_line import Command, json_option, print_json, working
from service.errors import InvalidInput, Mistake, Unavailable

ROOT = Path(__file__).resolve().parents[2]
_FOR = {purpose.rpartition(" ")[2]: purpose for purpose in machine.PURPOSES}
"""What is typed after --for -> what it stands for."""

_ONLY = {
    "files": "stack files",
    "aws": "AWS",
    "azure": "Azure",
    "google": "Google Cloud",
    "names": "names",
    "state": "state",
}
"""What is typed after --only -> the part of `outlast.doctor.accounts` that it stands for."""


@click.command("doctor", cls=Command)
@click.option("--for", "wanted", type=click.Choice([*_FOR]), multiple=True, help="What has to be there; up and test.")
@click.option("--stacks", metavar="SET", help="Look at the accounts that stacks/Pulumi.SET-*.yaml name.")
@click.option("--accounts", is_flag=True, help="The same for the stacks of this folder's sandbox, in `outlast shell`.")
@click.option("--only", type=click.Choice([*_ONLY]), multiple=True, help="Of the accounts: only these looks.")
@click.option("--limit", type=click.FloatRange(0.1, 600), default=LIMIT_SECONDS, show_default=True, metavar="SECONDS")
@json_option
def doctor(
    wanted: tuple[str, ...], stacks: str | None, accounts: bool, only: tuple[str, ...], limit: float, as_json: bool
) -> None:
    """Find what is missing, each with how to get it; nothing is changed.

    Without --stacks: on this machine. With it: credentials, quotas, APIs, DNS, certificates and Pulumi's state, for the
    accounts that the stack files name. Leaves with 4 where something that is needed is missing; what cannot be told
    from here is `unknown`, and no failure.
    """
    of_accounts = bool(stacks or accounts)
    if wanted and of_accounts:
        raise InvalidInput("these do not fit", [Mistake("--for", "is about this machine", "leave out --stacks")])
    if only and not of_accounts:
        raise InvalidInput("these do not fit", [Mistake("--only", "is about accounts", "add --stacks SET")])
    if of_accounts:
        with working("looking at the accounts"):
            found = look_at_accounts(ROOT, stacks, limit, [_ONLY[one] for one in only])
        _tell(found, None, as_json)
    else:
        with working("looking at this machine"):
            found = run_checks(machine.checks(machine.Machine(ROOT)), limit_seconds=limit)
        _tell(found, [_FOR[one] for one in wanted] or machine.REQUIRED, as_json)


def look_at_accounts(root: Path, stacks: str | None, limit_seconds: float, only: Sequence[str] = ()) -> list[Finding]:
    """Every finding about a set of stacks, or `only` some. Raises InvalidInput where the files are no set."""
    from failover.dial import Dial
    from failover.levers.clouds import Clouds
    from outlast.doctor import accounts
    from outlast.doctor.stacks import read_subjects

    asked = accounts.Asked(Clouds(os.environ), Dial.from_environment(os.environ), os.environ)
    looks = accounts.checks(asked, read_subjects(root, stacks))
    return run_checks([one for one in looks if not only or one.purpose in only], limit_seconds=limit_seconds)


def _tell(findings: Sequence[Finding], purposes: Sequence[str] | None, as_json: bool) -> None:
    counted = list(purposes) if purposes is not None else [one.purpose for one in findings]
    if as_json:
        print_json([asdict(one) for one in findings])
    else:
        click.echo("\n".join(render(findings)))
    missing = count_wrong(findings, counted)
    if missing:
        several = "things are" if missing > 1 else "thing is"
        raise Unavailable(f"{missing} {several} missing", hint="each `missing` above has its own; then repeat")


COMMANDS = {"doctor": doctor}
