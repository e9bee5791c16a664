"""Private tasks that get out nowhere: the services that start them are in their VPC, for them alone."""

from __future__ import annotations

import functools

import pytest

from infra.aws.endpoints import INTERFACES
from infra.plan import INTERFACE_ENDPOINTS, room_for_tasks
from service.errors import InvalidInput
from tests.infra.harness import Run, run_stack

ZONES = ["us-east-1a", "us-east-1b"]
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"


@functools.cache
def closed() -> Run:
    return run_stack("aws", network="private", egress="endpoints", availabilityZones=ZONES)


def test_every_service_that_starts_a_task_is_in_each_zone_and_answers_to_its_own_name() -> None:
    assert closed().problems == [] and len(INTERFACES) == INTERFACE_ENDPOINTS
    found = closed().all(ENDPOINT)
    assert {*found} == {*(f"endpoint-{service}" for service in INTERFACES), "endpoint-s3"}
    for service in INTERFACES:
        inputs = found[f"endpoint-{service}"].inputs
        assert inputs["serviceName"] == f"com.amazonaws.us-east-1.{service}" and inputs["privateDnsEnabled"]
        assert inputs["subnetIds"] == [f"private-{zone}-id" for zone in ZONES]
        assert inputs["securityGroupIds"] == ["endpoints-id"]
    assert found["endpoint-s3"].inputs["routeTableIds"] == [f"private-{zone}-id" for zone in ZONES]


def test_nothing_leads_out_and_nobody_but_the_tasks_gets_in() -> None:
    run = closed()
    assert not run.all("aws:ec2/natGateway:NatGateway") and not run.all("aws:ec2/eip:Eip")
    tables = run.all("aws:ec2/routeTable:RouteTable")
    assert [tables[f"private-{zone}"].inputs.get("routes") for zone in ZONES] == [[], []]
    rules = run.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").values()
    (let_in,) = [one.inputs for one in rules if one.inputs["securityGroupId"] == "endpoints-id"]
    assert (let_in["referencedSecurityGroupId"], let_in["toPort"]) == ("tasks-id", 443)


def test_tasks_are_let_out_to_them_and_to_nothing_else() -> None:
    type_ = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    rules = [one.inputs for one in closed().all(type_).values() if one.inputs["securityGroupId"] == "tasks-id"]
    assert all("cidrIpv4" not in one and (one["fromPort"], one["toPort"]) == (443, 443) for one in rules)
    assert {one.get("referencedSecurityGroupId") for one in rules} == {"endpoints-id", None}
    assert {one.get("prefixListId") for one in rules} == {"pl-s3", None}
    waits = set(closed().one("aws:ecs/service:Service").options["dependsOn"])
    assert {f"{type_}::tasks-to-endpoints", f"{type_}::tasks-to-s3"} <= waits
    open_ = run_stack("aws", network="private", availabilityZones=ZONES).all(type_)
    assert open_["tasks-out"].inputs["cidrIpv4"] == "0.0.0.0/0", "by NAT: AWS has its services at public addresses"


def test_no_task_starts_before_them() -> None:
    waits = set(closed().one("aws:ecs/service:Service").options["dependsOn"])
    assert {f"{ENDPOINT}::{name}" for name in closed().all(ENDPOINT)} <= waits


def test_tasks_with_addresses_of_their_own_have_none() -> None:
    with pytest.raises(InvalidInput) as caught:
        run_stack("aws", egress="endpoints", network="public")
    assert [m.hint for m in caught.value.mistakes] == ["write outlast:network: private as well"]


def test_they_take_an_address_each_of_every_subnet() -> None:
    assert room_for_tasks("10.9.0.0/24", private=True) - room_for_tasks("10.9.0.0/24", private=True, endpoints=4) == 8
