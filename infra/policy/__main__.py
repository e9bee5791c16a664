"""What the engine runs of this folder: `pulumi preview --policy-pack infra/policy`."""

from __future__ import annotations

import datetime
import functools
import sys
from pathlib import Path

# The engine runs this file by its path: the project is not on it.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import pulumi_policy

from infra.cost.stacks import read_config
from infra.models import STACKS
from infra.policy.pack import NAME, Held, build_policies, hold


@functools.cache
def held_of(stack: str) -> Held:
    """What a stack is held to, by its file."""
    today = datetime.datetime.now(datetime.UTC).date()
    return hold(stack, read_config(STACKS / f"Pulumi.{stack}.yaml"), today)


pulumi_policy.PolicyPack(NAME, build_policies(held_of))
