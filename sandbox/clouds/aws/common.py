"""How AWS names things: regions, ARNs, ids with a prefix."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.clouds.store import Resource
from sandbox.clouds.values import ACCOUNT, Values, hex_id
from sandbox.clouds.world import World

DEFAULT_REGION = "us-east-1"
EVERYWHERE = "0.0.0.0/0"


def region_of(r: Resource) -> str:
    """The region of a resource: its own, else its provider's."""
    return str(r.inputs.get("region") or r.config.get("region") or DEFAULT_REGION)


def account_of(r: Resource) -> str:
    """The account of a resource: its provider's."""
    return str(r.config.get("accountId") or ACCOUNT)


def arn(service: str, r: Resource, resource: str) -> str:
    """The ARN of `resource` in the account and the region of `r`."""
    return f"arn:aws:{service}:{region_of(r)}:{account_of(r)}:{resource}"


def own_name(r: Resource) -> str:
    """The name that was given, else the one in the program."""
    return str(r.inputs.get("name") or r.name)


def prefixed(prefix: str) -> Callable[[World, Resource], str]:
    """Makes ids such as `vpc-0a1b…`."""
    return lambda world, r: f"{prefix}-{hex_id(17)}"


def ec2_outputs(kind: str) -> Callable[[World, Resource], Values]:
    """What every resource of EC2 gives back."""

    def outputs(world: World, r: Resource) -> Values:
        tags = r.inputs.get("tags") or {}
        own = {"arn": arn("ec2", r, f"{kind}/{r.id}"), "ownerId": account_of(r), "region": region_of(r)}
        return {**own, "tagsAll": tags}

    return outputs
