"""Where a site on AWS stands: a VPC, a public subnet in each zone, private ones by choice, and who speaks to whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import plan
from infra.aws.endpoints import HTTPS, build_endpoints, tcp
from infra.aws.private import ANYWHERE, build_gateways, build_private
from infra.contract import PORT
from infra.settings.kinds import AwsOptions


@dataclass(frozen=True)
class Network:
    """Where the site's parts stand. Tasks in public subnets have addresses of their own, and need no NAT gateway."""

    vpc_id: pulumi.Output[str]
    subnet_ids: list[pulumi.Output[str]]
    task_subnet_ids: list[pulumi.Output[str]]
    tasks_are_public: bool
    load_balancer_group: pulumi.Output[str]
    task_group: pulumi.Output[str]
    ways_out: list[pulumi.Resource]
    """Gateway and routes: a load balancer that faces the internet is refused in a VPC that has no gateway yet."""
    paths: list[pulumi.Resource]
    """They, and the rules: a task that starts before them reaches neither its image nor its logs."""


def build_network(name: str, region: str, options: AwsOptions) -> Network:
    """Register the network of the site `name`."""
    vpc = aws.ec2.Vpc(
        "vpc", cidr_block=options.vpc_cidr, enable_dns_hostnames=True, enable_dns_support=True, tags={"Name": name}
    )
    public, private = plan.lay_out_subnets(options.vpc_cidr, options.availability_zones, private=options.private)
    subnets = _subnets(name, vpc.id, public)
    balancer = aws.ec2.SecurityGroup(
        "front", name=f"{name}-front", description="From anyone to the site", vpc_id=vpc.id
    )
    tasks = aws.ec2.SecurityGroup("tasks", name=f"{name}-tasks", description="From the front to tasks", vpc_id=vpc.id)
    ways_out = _routes(name, vpc.id, subnets)
    paths = [*ways_out, *_rules(balancer.id, tasks.id)]
    if not options.endpoints:
        paths.append(_let_out(tasks.id))
    ids = [subnet.id for subnet in subnets.values()]
    if not private:
        return Network(vpc.id, ids, ids, True, balancer.id, tasks.id, ways_out, paths)
    gateways = None if options.endpoints else build_gateways(name, subnets, ways_out)
    inner = build_private(name, vpc.id, private, gateways)
    paths += inner.paths
    if options.endpoints:
        paths += build_endpoints(name, region, vpc.id, tasks.id, inner.subnets, inner.tables)
    return Network(vpc.id, ids, [*inner.subnets.values()], False, balancer.id, tasks.id, ways_out, paths)


def _subnets(name: str, vpc_id: pulumi.Output[str], ranges: Mapping[str, str]) -> dict[str, aws.ec2.Subnet]:
    """The public ones, one in each availability zone."""
    return {
        zone: aws.ec2.Subnet(
            f"subnet-{zone}", vpc_id=vpc_id, availability_zone=zone, cidr_block=cidr, tags={"Name": f"{name}-{zone}"}
        )
        for zone, cidr in ranges.items()
    }


def _routes(name: str, vpc_id: pulumi.Output[str], subnets: dict[str, aws.ec2.Subnet]) -> list[pulumi.Resource]:
    gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc_id, tags={"Name": name})
    outward = aws.ec2.RouteTableRouteArgs(cidr_block=ANYWHERE, gateway_id=gateway.id)
    table = aws.ec2.RouteTable("routes", vpc_id=vpc_id, routes=[outward], tags={"Name": name})
    associations = [
        aws.ec2.RouteTableAssociation(f"routes-{zone}", route_table_id=table.id, subnet_id=subnet.id)
        for zone, subnet in subnets.items()
    ]
    return [gateway, *associations]


def _rules(balancer: pulumi.Output[str], tasks: pulumi.Output[str]) -> list[pulumi.Resource]:
    """Anyone (health checkers too) -> the load balancer -> the tasks."""
    ingress, egress = aws.vpc.SecurityGroupIngressRule, aws.vpc.SecurityGroupEgressRule
    return [
        ingress("front-in-80", security_group_id=balancer, cidr_ipv4=ANYWHERE, **tcp(80)),
        ingress("front-in-443", security_group_id=balancer, cidr_ipv4=ANYWHERE, **tcp(HTTPS)),
        egress("front-out", security_group_id=balancer, referenced_security_group_id=tasks, **tcp(PORT)),
        ingress("tasks-in", security_group_id=tasks, referenced_security_group_id=balancer, **tcp(PORT)),
    ]


def _let_out(tasks: pulumi.Output[str]) -> pulumi.Resource:
    """The tasks -> HTTPS, for their image and their logs: AWS has them at public addresses that change."""
    rule: pulumi.Resource = aws.vpc.SecurityGroupEgressRule(
        "tasks-out", security_group_id=tasks, cidr_ipv4=ANYWHERE, **tcp(HTTPS)
    )
    return rule
