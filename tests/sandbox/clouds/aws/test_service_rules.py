"""What ECS refuses of a service, the right one beside each: roles, logs, containers, targets, processors, networks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.clouds.aws.service_rules import SERVICE_RULES
from sandbox.clouds.store import CloudRefused
from sandbox.images.store import Image
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import DIGEST, Clouds, Made

ROLE, TASK = "aws:iam/role:Role", "aws:ecs/taskDefinition:TaskDefinition"
GROUP, VPC, SUBNET = "aws:ec2/securityGroup:SecurityGroup", "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"
TARGETS = "aws:lb/targetGroup:TargetGroup"


@pytest.fixture
def service(clouds: Clouds) -> Made:
    return sites.aws_site(clouds)


def network_of(service: Made, **changed: Any) -> dict[str, Any]:
    return {**service.request.inputs["networkConfiguration"], **changed}


def target_of(service: Made, **changed: Any) -> list[dict[str, Any]]:
    return [{**service.request.inputs["loadBalancers"][0], **changed}]


def another_task(clouds: Clouds, container: dict[str, Any] | None = None, **inputs: Any) -> str:
    """A task definition like the site's with something else; its ARN."""
    given = clouds.only(TASK, "task").inputs
    (first,) = json.loads(given["containerDefinitions"])
    definitions = json.dumps([{**first, **(container or {})}])
    made = clouds.make(TASK, "another", **{**given, "containerDefinitions": definitions, **inputs})
    return str(made.outputs["arn"])


def test_every_rule_says_what_it_asks_and_where_that_is_written() -> None:
    assert all(rule.__doc__ and ":" in rule.__doc__ for rule in SERVICE_RULES)


# -- roles and logs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["executionRoleArn", "taskRoleArn"])
def test_ecs_has_to_be_trusted_with_the_tasks_roles(clouds: Clouds, service: Made, which: str) -> None:
    role = clouds.make(ROLE, "another", assumeRolePolicy=sites.trust("ec2.amazonaws.com"))
    task = another_task(clouds, **{which: role.outputs["arn"]})
    with pytest.raises(CloudRefused, match=r"ECS was unable to assume the role 'arn:aws:iam::\d+:role/another-"):
        clouds.change(service, taskDefinition=task)


def test_a_task_role_that_ecs_is_trusted_with_is_taken(clouds: Clouds, service: Made) -> None:
    role = clouds.make(ROLE, "another", assumeRolePolicy=sites.trust())
    assert clouds.change(service, taskDefinition=another_task(clouds, taskRoleArn=role.outputs["arn"]))


@pytest.mark.parametrize("missing", ["logs:CreateLogStream", "logs:PutLogEvents"])
def test_the_execution_role_has_to_write_the_log(clouds: Clouds, service: Made, missing: str) -> None:
    policy = clouds.only("aws:iam/rolePolicy:RolePolicy")
    statements = json.loads(policy.inputs["policy"])["Statement"]
    statements[-1]["Action"] = [action for action in statements[-1]["Action"] if action != missing]
    policy.inputs["policy"] = json.dumps({"Statement": statements})
    with pytest.raises(CloudRefused, match=f"AccessDeniedException.*not authorized to perform: {missing}"):
        clouds.change(service)


def test_a_permission_on_the_groups_streams_is_enough_and_one_on_another_group_is_not(
    clouds: Clouds, service: Made
) -> None:
    policy = clouds.only("aws:iam/rolePolicy:RolePolicy")
    statements = json.loads(policy.inputs["policy"])["Statement"]
    group = clouds.only("aws:cloudwatch/logGroup:LogGroup").outputs["arn"]
    for resource, right in ((f"{group}:*", True), (f"{group}-other:*", False)):
        statements[-1]["Resource"] = resource
        policy.inputs["policy"] = json.dumps({"Statement": statements})
        if right:
            assert clouds.change(service)
        else:
            with pytest.raises(CloudRefused, match="AccessDeniedException"):
                clouds.change(service)


# -- containers, targets, processors ---------------------------------------------------------------------------------


def test_the_target_is_a_port_of_a_container_of_the_task(clouds: Clouds, service: Made) -> None:
    with pytest.raises(CloudRefused, match=r"The container web does not exist in the task definition") as refused:
        clouds.change(service, loadBalancers=target_of(service, containerName="web"))
    assert "container is service" in refused.value.hint
    with pytest.raises(CloudRefused, match=r"The container service did not have a container port 9090 defined"):
        clouds.change(service, loadBalancers=target_of(service, containerPort=9090.0))


def test_instances_cannot_be_targets_of_tasks_with_addresses_of_their_own(clouds: Clouds, service: Made) -> None:
    asked = {**clouds.only(TARGETS).inputs, "targetType": "instance"}
    instances = clouds.make(TARGETS, "another", **asked)
    with pytest.raises(CloudRefused, match="target type instance, which is incompatible with the awsvpc network mode"):
        clouds.change(service, loadBalancers=target_of(service, targetGroupArn=instances.id))


def push_for(clouds: Clouds, *platforms: str) -> None:
    repository = clouds.only("aws:ecr/repository:Repository").outputs["repositoryUrl"]
    host, _, name = repository.partition("/")
    clouds.world.images.push(host, name, Image(DIGEST, clouds.world.project_root), [], platforms)


@pytest.mark.parametrize(
    ("platforms", "processor", "right"),
    [
        (["linux/amd64"], None, True),
        (["linux/arm64"], None, False),
        (["linux/amd64", "linux/arm64/v8"], "ARM64", True),
        (["linux/amd64"], "ARM64", False),
        (["linux/arm64"], "X86_64", False),
    ],
)
def test_the_image_is_for_the_processor_of_the_task(
    clouds: Clouds, service: Made, platforms: list[str], processor: str | None, right: bool
) -> None:
    push_for(clouds, *platforms)
    asked = {"runtimePlatform": {"cpuArchitecture": processor}} if processor else {}
    task = another_task(clouds, **asked)
    if right:
        assert clouds.change(service, taskDefinition=task)
    else:
        with pytest.raises(CloudRefused, match="does not contain descriptor matching platform"):
            clouds.change(service, taskDefinition=task)


# -- networks --------------------------------------------------------------------------------------------------------


def test_groups_of_another_vpc_are_refused(clouds: Clouds, service: Made) -> None:
    vpc = clouds.make(VPC, "another", cidrBlock="10.1.0.0/16")
    stranger = clouds.make(GROUP, "stranger", vpcId=vpc.id)
    groups = [*service.request.inputs["networkConfiguration"]["securityGroups"], stranger.id]
    with pytest.raises(CloudRefused, match=f"{stranger.id} does not appear to belong to the same VPC"):
        clouds.change(service, networkConfiguration=network_of(service, securityGroups=groups))


def test_each_task_needs_an_address(clouds: Clouds, service: Made) -> None:
    """A /28 has sixteen, of which AWS keeps five."""
    small = clouds.make(SUBNET, "small", vpcId=clouds.only(VPC).id, cidrBlock="10.0.9.0/28")
    table = clouds.only("aws:ec2/routeTable:RouteTable").id
    clouds.make("aws:ec2/routeTableAssociation:RouteTableAssociation", "small", routeTableId=table, subnetId=small.id)
    network = network_of(service, subnets=[small.id])
    assert clouds.change(service, networkConfiguration=network, desiredCount=11)
    with pytest.raises(CloudRefused, match="InsufficientFreeAddressesInSubnet: 12 tasks, 11 addresses"):
        clouds.change(service, networkConfiguration=network, desiredCount=12)


@pytest.mark.parametrize(("block", "right"), [("100.64.0.0/16", True), ("172.31.0.0/16", True), ("11.0.0.0/16", False)])
def test_a_target_has_no_publicly_routable_address(clouds: Clouds, service: Made, block: str, right: bool) -> None:
    first, *_ = (subnet for subnet in clouds.world.store.all(SUBNET) if subnet.name == "a")
    first.inputs["cidrBlock"] = block
    if right:
        assert clouds.change(service)
    else:
        with pytest.raises(CloudRefused, match=r"InvalidTarget.*publicly routable"):
            clouds.change(service)
