"""Tasks in subnets without a way out: which endpoint they lack is said in ECS's words, and only a right one counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.clouds.aws.network import ENDPOINT
from sandbox.clouds.aws.service_rules import connection_rule
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds

RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
ECR = "connection issue between the task and Amazon ECR"


def without(service: str) -> Callable[[Clouds], None]:
    return lambda clouds: clouds.delete(clouds.only(ENDPOINT, service))


def changed(service: str, **inputs: Any) -> Callable[[Clouds], None]:
    return lambda clouds: clouds.only(ENDPOINT, service).inputs.update(inputs)


def deploy_again(clouds: Clouds, change: Callable[[Clouds], None]) -> None:
    service = sites.aws_endpoint_site(clouds)
    change(clouds)
    clouds.redeploy(service)


def test_with_all_of_them_tasks_start_and_nothing_leads_out(clouds: Clouds) -> None:
    deploy_again(clouds, lambda clouds: None)
    assert clouds.workload("aws") is not None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (without("ecr.api"), ECR),
        (without("ecr.dkr"), "CannotPullContainerError: The task cannot pull the image from Amazon ECR"),
        (without("s3"), "the layers in Amazon S3: dial tcp: i/o timeout"),
        (without("logs"), "failed to validate logger args: There is a connection issue .* Amazon CloudWatch"),
        (changed("ecr.api", privateDnsEnabled=False), ECR),
        (changed("ecr.api", subnetIds=[]), ECR),
        (changed("ecr.api", securityGroupIds=[]), ECR),
        (changed("ecr.api", serviceName="com.amazonaws.eu-west-1.ecr.api"), ECR),
        (changed("s3", routeTableIds=["rtb-of-another-subnet"]), "i/o timeout"),
        (lambda clouds: clouds.delete(clouds.only(RULE, "endpoints-in")), ECR),
        (lambda clouds: clouds.delete(clouds.only(EGRESS, "to-endpoints")), ECR),
        (lambda clouds: clouds.delete(clouds.only(EGRESS, "to-s3")), "i/o timeout"),
        (lambda clouds: clouds.only(EGRESS, "to-s3").inputs.update(prefixListId="pl-of-dynamodb"), "i/o timeout"),
    ],
)
def test_what_a_task_lacks_keeps_it_from_starting(clouds: Clouds, change: Callable[[Clouds], None], told: str) -> None:
    with pytest.raises(CloudRefused, match=told):
        deploy_again(clouds, change)


def test_secrets_are_read_by_an_endpoint_where_the_container_has_some(clouds: Clouds) -> None:
    deploy_again(clouds, without("secretsmanager"))
    task = clouds.only("aws:ecs/taskDefinition:TaskDefinition")
    text = str(task.inputs["containerDefinitions"])
    task.inputs["containerDefinitions"] = text.replace(
        '"name"', '"secrets": [{"name": "A", "valueFrom": "x"}], "name"', 1
    )
    with pytest.raises(CloudRefused, match="asm: There is a connection issue between the task and AWS Secrets Manager"):
        connection_rule(clouds.world, clouds.only("aws:ecs/service:Service"))


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"serviceName": "com.amazonaws.eu-west-1.ecr.api"}, "InvalidServiceName"),
        ({"serviceName": "com.amazonaws.us-east-1.ecr.api", "vpcEndpointType": "Gateway"}, "InvalidServiceName"),
        ({"serviceName": "com.amazonaws.us-east-1.logs"}, "already a conflicting DNS domain"),
        ({"serviceName": "com.amazonaws.us-east-1.sts", "subnetIds": ["subnet-0"]}, "InvalidSubnetID.NotFound"),
    ],
)
def test_an_endpoint_that_cannot_be_is_refused(clouds: Clouds, inputs: dict[str, Any], told: str) -> None:
    sites.aws_endpoint_site(clouds)
    vpc = clouds.only("aws:ec2/vpc:Vpc").id
    asked = {"vpcId": vpc, "vpcEndpointType": "Interface", "privateDnsEnabled": True, **inputs}
    with pytest.raises(CloudRefused, match=told):
        clouds.make(ENDPOINT, "another", **asked)


def test_private_names_need_a_vpc_that_resolves_them(clouds: Clouds) -> None:
    vpc = clouds.make("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16")
    asked = {"vpcId": vpc.id, "vpcEndpointType": "Interface", "privateDnsEnabled": True}
    with pytest.raises(CloudRefused, match="requires both enableDnsSupport and enableDnsHostnames"):
        clouds.make(ENDPOINT, serviceName="com.amazonaws.us-east-1.logs", **asked)
