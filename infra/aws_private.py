"""Subnets that nobody reaches from outside, for the tasks of a site on AWS; they themselves get out by NAT gateways.

One gateway in each zone: a zone that fails then takes no task of another with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class PrivateSubnets:
    """Where the tasks are, and what has to stand before they reach their image."""

    subnet_ids: list[pulumi.Output[str]]
    paths: list[pulumi.Resource]


def build_private(
    name: str,
    vpc_id: pulumi.Output[str],
    ranges: Mapping[str, str],
    public: Mapping[str, aws.ec2.Subnet],
    ways_out: list[pulumi.Resource],
) -> PrivateSubnets:
    """A subnet in each zone of `ranges` (zone -> range), with a gateway in the public one of the same zone."""
    made = {zone: _build_zone(name, vpc_id, zone, cidr, public[zone], ways_out) for zone, cidr in ranges.items()}
    return PrivateSubnets([subnet.id for subnet, _ in made.values()], [path for _, path in made.values()])


def _build_zone(
    name: str,
    vpc_id: pulumi.Output[str],
    zone: str,
    cidr: str,
    public: aws.ec2.Subnet,
    ways_out: list[pulumi.Resource],
) -> tuple[aws.ec2.Subnet, pulumi.Resource]:
    tags = {"Name": f"{name}-private-{zone}"}
    subnet = aws.ec2.Subnet(f"private-{zone}", vpc_id=vpc_id, availability_zone=zone, cidr_block=cidr, tags=tags)
    address = aws.ec2.Eip(f"nat-{zone}", domain="vpc", tags=tags, opts=pulumi.ResourceOptions(depends_on=ways_out))
    gateway = aws.ec2.NatGateway(
        f"nat-{zone}",
        allocation_id=address.allocation_id,
        subnet_id=public.id,
        tags=tags,
        opts=pulumi.ResourceOptions(depends_on=ways_out),
    )
    outward = aws.ec2.RouteTableRouteArgs(cidr_block=ANYWHERE, nat_gateway_id=gateway.id)
    table = aws.ec2.RouteTable(f"private-{zone}", vpc_id=vpc_id, routes=[outward], tags=tags)
    path = aws.ec2.RouteTableAssociation(f"private-{zone}", route_table_id=table.id, subnet_id=subnet.id)
    return subnet, path
