"""`outlast keys rotate`: other keys on one site after the other, with no moment at which a valid one is refused."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import click

from infra.key_set import KeySet, announce_receipt_key, rotate_api_key, sign_with_newest
from infra.models import ROOT
from outlast.rotate_stacks import StackFiles, pulumi_in
from sandbox import keys as drawn
from sandbox.layout import Layout
from sandbox.stack_files import find
from service.command_line import Command, json_option, say
from service.errors import Unavailable

_DAY = 86_400.0
# Until the last site has the new keys the old ones are asked with, and three real sites take their time.
_SHORTEST_OVERLAP = 900.0


class Deployment(Protocol):
    """Sites that have one set of keys."""

    def load(self) -> KeySet:
        """The set that every site was last given."""

    def roll(self, keys: KeySet) -> None:
        """Give the set to one site after the other, the next when the one before answers right."""


@dataclass(frozen=True)
class Sandbox:
    """The sites of this folder's sandbox."""

    layout: Layout
    report: Callable[[str], None]

    def load(self) -> KeySet:
        return drawn.load(self.layout)

    def roll(self, keys: KeySet) -> None:
        from sandbox.command.up import bring_up

        drawn.save(self.layout, keys)
        bring_up(self.layout, self.report)


def rotate(deployment: Deployment, name: str, *, overlap_seconds: float, now: float) -> str:
    """Give every site a further API key of that name, and the key once all of them have it.

    Those before it are valid until the overlap is over. A caller who has the new key finds it valid everywhere.
    """
    keys, api_key = rotate_api_key(deployment.load(), name, now, overlap_seconds=overlap_seconds)
    deployment.roll(keys)
    return api_key


def rotate_receipts(deployment: Deployment, *, now: float) -> str:
    """Let every site sign receipts with a key that every site can verify before; the id of that key.

    Receipts that were signed before are verified on.
    """
    announced = announce_receipt_key(deployment.load(), now)
    deployment.roll(announced)
    signing = sign_with_newest(announced)
    deployment.roll(signing)
    return signing.receipt_keys[0].partition(":")[0]


@click.command("rotate", cls=Command)
@click.option(
    "--name", default=drawn.NAME, show_default=True, help="Whose API key; any name that is new gets its first."
)
@click.option(
    "--overlap",
    type=click.FloatRange(_SHORTEST_OVERLAP),
    default=_DAY,
    show_default=True,
    metavar="SECONDS",
    help="How long the keys of that name which are valid now stay so.",
)
@click.option("--stacks", metavar="SET", help="Of real accounts: your own stack files, by the `pulumi` of this shell.")
@click.option("--receipts", is_flag=True, help="The key that signs receipts instead; those signed before stay valid.")
@json_option
def rotate_command(name: str, overlap: float, stacks: str | None, receipts: bool, as_json: bool) -> None:
    """Put another key on one site after the other, while the one before stays valid for a while.

    The sites are the sandbox's, or with --stacks those of real accounts.
    """
    layout = Layout.of(ROOT)
    sites = _deployment(layout, stacks)
    if receipts:
        signing = rotate_receipts(sites, now=time.time())
        click.echo(json.dumps({"receipt_key": signing}) if as_json else f"  receipts are signed with {signing}")
        return
    api_key = rotate(sites, name, overlap_seconds=overlap, now=time.time())
    if name == drawn.NAME and not stacks:
        drawn.save_api_key(layout, api_key)
    click.echo(json.dumps({"name": name, "key": api_key, "overlap_seconds": overlap}) if as_json else f"  {api_key}")


def _deployment(layout: Layout, stacks: str | None) -> Deployment:
    if stacks:
        return StackFiles(find(layout.root, stacks).sites, pulumi_in(layout.root), _report)
    if layout.load_instance() is None:
        raise Unavailable("this folder has no sandbox yet, so there are no keys to rotate", hint="make up")
    return Sandbox(layout, _report)


def _report(line: str) -> None:
    say(f"• {line}")


COMMANDS = {"rotate": rotate_command}
