"""Load balancers by their names, in the query protocol."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from sandbox.clouds.aws import balancer_api
from sandbox.clouds.aws.common import own_name
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds

ASKED = {"Action": "DescribeLoadBalancers"}


def test_a_load_balancer_is_found_in_its_region_by_its_name(clouds: Clouds) -> None:
    sites.aws_site(clouds)
    made = clouds.only("aws:lb/loadBalancer:LoadBalancer")
    asked = {**ASKED, "Names.member.1": own_name(made)}
    found = ElementTree.fromstring(balancer_api.answer(clouds.world, asked, "us-east-1"))
    arns = [element.text for element in found.iter() if element.tag.endswith("}LoadBalancerArn")]
    assert arns == [made.get("arn")] and balancer_api.owner(clouds.world, asked) == "aws"
    with pytest.raises(CloudRefused, match="LoadBalancerNotFound"):
        balancer_api.answer(clouds.world, asked, "eu-west-1")


def test_nothing_else_is_answered(clouds: Clouds) -> None:
    with pytest.raises(CloudRefused, match="InvalidAction: the sandbox has no DeleteLoadBalancer") as refused:
        balancer_api.answer(clouds.world, {"Action": "DeleteLoadBalancer"}, "us-east-1")
    assert "<Code>InvalidAction</Code>" in balancer_api.refuse(refused.value)
    assert balancer_api.owner(clouds.world, ASKED) == ""
