"""Private tasks on AWS: who stands where, how they get out, and that nobody gets in."""

from __future__ import annotations

import functools
import ipaddress

import pytest

from tests.infra.harness import Run, run_stack

ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"]
SUBNET, ROUTES, NAT = "aws:ec2/subnet:Subnet", "aws:ec2/routeTable:RouteTable", "aws:ec2/natGateway:NatGateway"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"


@functools.cache
def private() -> Run:
    return run_stack("aws", network="private", availabilityZones=ZONES, vpcCidr="10.9.0.0/24")


def test_tasks_are_in_private_subnets_and_the_load_balancer_in_public_ones() -> None:
    run = private()
    assert run.problems == []
    network = run.one("aws:ecs/service:Service").inputs["networkConfiguration"]
    assert (network["subnets"], network["assignPublicIp"]) == ([f"private-{zone}-id" for zone in ZONES], False)
    assert run.one("aws:lb/loadBalancer:LoadBalancer").inputs["subnets"] == [f"subnet-{zone}-id" for zone in ZONES]


def test_the_range_is_cut_into_equal_parts_that_do_not_overlap() -> None:
    ranges = [ipaddress.IPv4Network(one.inputs["cidrBlock"]) for one in private().all(SUBNET).values()]
    assert {one.prefixlen for one in ranges} == {27} and len(set(ranges)) == 6
    assert all(one.subnet_of(ipaddress.IPv4Network("10.9.0.0/24")) for one in ranges)


@pytest.mark.parametrize("zone", ZONES)
def test_each_zone_gets_out_by_its_own_gateway(zone: str) -> None:
    run = private()
    assert run.all(ASSOCIATION)[f"private-{zone}"].inputs["subnetId"] == f"private-{zone}-id"
    assert run.all(ROUTES)[f"private-{zone}"].inputs["routes"] == [
        {"cidrBlock": "0.0.0.0/0", "natGatewayId": f"nat-{zone}-id"}
    ]
    assert run.all(NAT)[f"nat-{zone}"].inputs["subnetId"] == f"subnet-{zone}-id"


def test_no_gateway_is_made_before_the_way_out_and_no_task_before_the_gateways() -> None:
    run = private()
    for gateway in run.all(NAT).values():
        assert "aws:ec2/internetGateway:InternetGateway::gateway" in gateway.options["dependsOn"]
    waits = run.one("aws:ecs/service:Service").options["dependsOn"]
    assert {f"{ASSOCIATION}::private-{zone}" for zone in ZONES} <= set(waits)


def test_a_public_site_has_no_gateway_to_pay_for() -> None:
    run = run_stack("aws", network="public")
    assert not run.all(NAT) and run.one("aws:ecs/service:Service").inputs["networkConfiguration"]["assignPublicIp"]
