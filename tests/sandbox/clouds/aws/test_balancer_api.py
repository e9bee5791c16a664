"""Load balancers by their names, in the query protocol."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import create_parser

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


def test_it_says_where_it_logs_requests_as_botocore_reads_it(clouds: Clouds) -> None:
    sites.aws_site(clouds)
    made = clouds.only("aws:lb/loadBalancer:LoadBalancer")
    asked = {"Action": "DescribeLoadBalancerAttributes", "LoadBalancerArn": made.id}
    model = ServiceModel(Loader().load_service_model("elbv2", "service-2")).operation_model(asked["Action"])
    for logs, expected in (
        ({"enabled": True, "bucket": "b", "prefix": "p"}, ("true", "b", "p")),
        ({}, ("false", "", "")),
    ):
        made.inputs["accessLogs"] = logs
        body = balancer_api.answer(clouds.world, asked, "us-east-1").encode()
        read: Any = create_parser("query").parse({"status_code": 200, "headers": {}, "body": body}, model.output_shape)
        listed = {one["Key"]: one.get("Value", "") for one in read["Attributes"]}
        assert tuple(listed[f"access_logs.s3.{key}"] for key in ("enabled", "bucket", "prefix")) == expected
    assert balancer_api.owner(clouds.world, asked) == "aws"
    with pytest.raises(CloudRefused, match="LoadBalancerNotFound: Load balancer 'gone'"):
        balancer_api.answer(clouds.world, {**asked, "LoadBalancerArn": "gone"}, "us-east-1")


def test_nothing_else_is_answered(clouds: Clouds) -> None:
    with pytest.raises(CloudRefused, match="InvalidAction: the sandbox has no DeleteLoadBalancer") as refused:
        balancer_api.answer(clouds.world, {"Action": "DeleteLoadBalancer"}, "us-east-1")
    assert "<Code>InvalidAction</Code>" in balancer_api.refuse(refused.value)
    assert balancer_api.owner(clouds.world, ASKED) == ""
