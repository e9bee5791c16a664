"""KMS, as far as a program asks for a key: every key of the account is there, and none of another."""

from __future__ import annotations

import re

from sandbox.clouds.aws.common import DEFAULT_REGION
from sandbox.clouds.store import CloudRefused
from sandbox.clouds.values import Values
from sandbox.clouds.world import World

_ARN = re.compile(r"arn:aws:kms:(?P<region>[^:]+):(?P<account>\d{12}):key/(?P<id>[0-9a-f-]{36})")


def find_key(world: World, args: Values, config: Values) -> Values:
    """What `getKey` gives. KMS API, DescribeKey: NotFoundException where the region has no such key."""
    asked = str(args.get("keyId") or "")
    found, region = _ARN.fullmatch(asked), str(args.get("region") or config.get("region") or DEFAULT_REGION)
    if found is None or found["account"] != world.accounts.aws or found["region"] != region:
        raise CloudRefused(
            f"reading KMS Key ({asked}): NotFoundException: Key '{asked}' does not exist",
            hint=f"the sandbox has the keys of its account {world.accounts.aws}, each in the region that it names",
        )
    return {
        "arn": asked,
        "awsAccountId": found["account"],
        "enabled": True,
        "id": found["id"],
        "keyId": asked,
        "keyState": "Enabled",
        "keyUsage": "ENCRYPT_DECRYPT",
        "region": region,
    }
