"""Calls of boto3, with what Route 53 refuses made into what Pulumi shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sandbox.clouds.store import CloudRefused
from sandbox.clouds.values import Values
from sandbox.clouds.world import World

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

# The hosted zone id of load balancers in us-east-1 (docs.aws.amazon.com/general/latest/gr/elb.html); the sandbox's
# balancers all say this one.
ELB_ZONE_ID = "Z35SXDOTRQ7X7K"

_INSYNC_SECONDS = 300.0
_LOOK_SECONDS = 0.05


def call(function: Callable[..., Any], **arguments: Any) -> Any:
    """Call boto3. Raises CloudRefused with Route 53's own code and message."""
    try:
        return function(**arguments)
    except ClientError as error:
        details = error.response["Error"]
        raise CloudRefused(f"{details['Code']}: {details['Message']}") from error


def call_if_there(function: Callable[..., Any], **arguments: Any) -> Any | None:
    """Like `call`, with None for what does not exist (any more)."""
    try:
        return function(**arguments)
    except ClientError as error:
        details = error.response["Error"]
        if details["Code"].startswith("NoSuch"):
            return None
        raise CloudRefused(f"{details['Code']}: {details['Message']}") from error


def change_record(world: World, zone_id: str, action: str, record: Values) -> None:
    """CREATE, UPSERT or DELETE one record set, and wait until the change is in sync."""
    change_records(world, zone_id, [(action, record)])


def change_records(world: World, zone_id: str, changes: Sequence[tuple[str, Values]]) -> None:
    """Several of these at once, all or none."""
    client: Route53Client = world.route53()
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record} for action, record in changes]}
    change = call(client.change_resource_record_sets, HostedZoneId=zone_id, ChangeBatch=batch)
    deadline = world.clock.simulated_now() + _INSYNC_SECONDS
    # pulumi-aws waits for INSYNC as well: a record that is not there yet proves nothing to anybody.
    while call(client.get_change, Id=change["ChangeInfo"]["Id"])["ChangeInfo"]["Status"] != "INSYNC":
        if world.clock.simulated_now() > deadline:
            raise CloudRefused(f"Route 53 did not bring the change of {changes[-1][1]['Name']} into sync in time")
        world.pause(_LOOK_SECONDS)


def list_records(world: World, zone_id: str) -> list[Values]:
    """Every record set of a zone; none where the zone does not exist."""
    client = world.route53()
    if call_if_there(client.get_hosted_zone, Id=zone_id) is None:
        return []
    pages = client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone_id)
    return [dict(record) for page in pages for record in page["ResourceRecordSets"]]
