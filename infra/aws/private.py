"""Subnets that nobody reaches from outside, for the tasks of a site on AWS; how they get out is the file's to choose.

By NAT gateways, one in each zone: a zone that fails then takes no task of another with it. Or not at all, and then
AWS's own services are in the VPC (`infra.aws.endpoints`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

ANYWHERE = "0.0.0.0/0"

Text = pulumi.Output[str]


@dataclass(frozen=True)
class PrivateSubnets:
    """Where the tasks are, by zone, the route table of each, and what has to stand before they reach their image."""

    subnets: Mapping[str, Text]
    tables: list[Text]
    paths: list[pulumi.Resource]


def build_private(
    name: str,
    vpc_id: Text,
    ranges: Mapping[str, str],
    gateways: Mapping[str, Text] | None,
) -> PrivateSubnets:
    """A subnet in each zone of `ranges` (zone -> range); `gateways` are the NAT gateways of the same zones, if any."""
    subnets, tables, paths = dict[str, Text](), list[Text](), list[pulumi.Resource]()
    for zone, cidr in ranges.items():
        tags = {"Name": f"{name}-private-{zone}"}
        subnet = aws.ec2.Subnet(f"private-{zone}", vpc_id=vpc_id, availability_zone=zone, cidr_block=cidr, tags=tags)
        out = [_by_gateway(gateways[zone])] if gateways else []
        table = aws.ec2.RouteTable(f"private-{zone}", vpc_id=vpc_id, routes=out, tags=tags)
        paths.append(aws.ec2.RouteTableAssociation(f"private-{zone}", route_table_id=table.id, subnet_id=subnet.id))
        subnets[zone] = subnet.id
        tables.append(table.id)
    return PrivateSubnets(subnets, tables, paths)


def build_gateways(name: str, public: Mapping[str, aws.ec2.Subnet], ways_out: list[pulumi.Resource]) -> dict[str, Text]:
    """A NAT gateway in the public subnet of each zone."""
    return {zone: _gateway(zone, {"Name": f"{name}-private-{zone}"}, one, ways_out) for zone, one in public.items()}


def _gateway(zone: str, tags: Mapping[str, str], public: aws.ec2.Subnet, ways_out: list[pulumi.Resource]) -> Text:
    first = pulumi.ResourceOptions(depends_on=ways_out)
    address = aws.ec2.Eip(f"nat-{zone}", domain="vpc", tags=tags, opts=first)
    gateway_id: Text = aws.ec2.NatGateway(
        f"nat-{zone}", allocation_id=address.allocation_id, subnet_id=public.id, tags=tags, opts=first
    ).id
    return gateway_id


def _by_gateway(gateway_id: Text) -> aws.ec2.RouteTableRouteArgs:
    return aws.ec2.RouteTableRouteArgs(cidr_block=ANYWHERE, nat_gateway_id=gateway_id)
