"""Instances that reach nothing: everything goes into a network without a route, and only where the file says so."""

from __future__ import annotations

from typing import Any

import pytest

from infra.gcp.network import ALL
from infra.plan import room_for_instances
from service.errors import InvalidInput
from tests.infra.harness import run_stack

NETWORK, SUBNET = "gcp:compute/network:Network", "gcp:compute/subnetwork:Subnetwork"
SERVICE = "gcp:cloudrunv2/service:Service"


def test_all_that_an_instance_sends_goes_where_no_route_leads_out() -> None:
    run = run_stack("gcp", egress="none")
    assert run.problems == []
    network, subnet = run.one(NETWORK).inputs, run.one(SUBNET).inputs
    assert network["deleteDefaultRoutesOnCreate"] and not network["autoCreateSubnetworks"]
    assert (subnet["ipCidrRange"], subnet["region"]) == ("10.40.0.0/24", "us-central1")
    access = run.one(SERVICE).inputs["template"]["vpcAccess"]
    assert access["egress"] == ALL
    assert access["networkInterfaces"] == [{"network": "network-id", "subnetwork": "instances-id"}]


def test_by_default_there_is_none() -> None:
    run = run_stack("gcp")
    assert not run.all(NETWORK) and "vpcAccess" not in run.one(SERVICE).inputs["template"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"egress": "nat"}, "internet"),
        ({"vpcCidr": "10.40.0.0/27"}, "a private IPv4 range of /26 or larger"),
        ({"vpcCidr": "8.8.8.0/24"}, "a private IPv4 range of /26 or larger"),
        ({"vpcCidr": "10.40.0.0/26", "maxReplicas": 16}, "has room for 15 replicas, and maxReplicas is 16"),
    ],
)
def test_what_cannot_be_is_said(said: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        run_stack("gcp", **{"egress": "none", **said})
    assert any(told in f"{m.what} {m.hint}" for m in caught.value.mistakes)


def test_each_instance_has_two_addresses_and_four_while_it_is_replaced() -> None:
    assert room_for_instances("10.40.0.0/24") == 63
