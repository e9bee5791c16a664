"""Rules of AWS that are enforced: for each the program that breaks it and the one that does not."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from sandbox.clouds.aws import ecs_api
from sandbox.clouds.store import CloudRefused
from sandbox.engine.cloud import NotReady
from service.errors import OutlastError
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import DIGEST, HOST, OTHER_DIGEST, Clouds, Made

CERTIFICATE = "aws:acm/certificate:Certificate"
VALIDATION = "aws:acm/certificateValidation:CertificateValidation"
SERVICE, TASK = "aws:ecs/service:Service", "aws:ecs/taskDefinition:TaskDefinition"


def test_a_right_site_has_a_front_and_two_tasks(clouds: Clouds) -> None:
    sites.aws_site(clouds)
    entry, workload = clouds.entry_point("aws"), clouds.workload("aws")
    assert entry is not None and workload is not None
    assert entry.workload == workload.key
    assert [binding.host for binding in entry.bindings] == ["*"]
    assert (workload.image, workload.port, workload.probe_path) == (DIGEST, 8080, "/health")
    assert (workload.min_replicas, workload.max_replicas) == (2, 2)
    assert dict(workload.environment) == {"OUTLAST_SITE": "aws"}


def test_tasks_above_the_base_are_on_spot_by_weight(clouds: Clouds) -> None:
    service = sites.aws_site(clouds)
    plain = clouds.workload("aws")
    mix = [{"capacityProvider": "FARGATE", "base": 2, "weight": 1}, {"capacityProvider": "FARGATE_SPOT", "weight": 3}]
    clouds.change(service, capacityProviderStrategies=mix)
    mixed = clouds.workload("aws")
    assert plain is not None and mixed is not None
    assert (plain.on_spot(6), mixed.on_spot(6)) == (0, 3)
    assert mixed.revision == plain.revision
    [told] = ecs_api.answer(clouds.world, "DescribeServices", {"services": [service.id]})["services"]
    assert told["capacityProviderStrategy"] == mix


# -- certificates ----------------------------------------------------------------------------------------------------


def test_a_certificate_is_issued_only_once_every_record_answers(clouds: Clouds) -> None:
    asked = {"domainName": HOST, "subjectAlternativeNames": [f"aws.{HOST}"], "validationMethod": "DNS"}
    made = clouds.make(CERTIFICATE, **asked)
    one, other = made.outputs["domainValidationOptions"]
    assert made.outputs["status"] == "PENDING_VALIDATION"
    sites.publish(clouds, [one])
    clouds.effects()
    assert clouds.only(CERTIFICATE).outputs["status"] == "PENDING_VALIDATION"
    sites.publish(clouds, [other])
    clouds.effects()
    assert clouds.only(CERTIFICATE).outputs["status"] == "ISSUED"


def test_a_wildcard_is_proven_by_the_record_of_its_domain(clouds: Clouds) -> None:
    made = clouds.make(CERTIFICATE, domainName=HOST, subjectAlternativeNames=[f"*.{HOST}"], validationMethod="DNS")
    names = {option["resourceRecordName"] for option in made.outputs["domainValidationOptions"]}
    assert len(names) == 1


def test_a_record_with_another_value_proves_nothing(clouds: Clouds) -> None:
    made = sites.aws_certificate(clouds, proven=False)
    option = made.outputs["domainValidationOptions"][0]
    clouds.answer(option["resourceRecordName"], "CNAME", "somebody.else.example")
    clouds.effects()
    assert clouds.only(CERTIFICATE).outputs["status"] == "PENDING_VALIDATION"


def test_validation_times_out_on_the_clock_and_names_the_missing_record(clouds: Clouds) -> None:
    made = sites.aws_certificate(clouds, proven=False)
    option = made.outputs["domainValidationOptions"][0]
    asked = clouds.request(VALIDATION, "one", {"certificateArn": made.id}, stack="aws", timeout_seconds=75 * 60.0)
    with pytest.raises(CloudRefused, match="PENDING_VALIDATION") as refused:
        clouds.clouds.create(asked)
    assert option["resourceRecordName"].rstrip(".") in refused.value.what
    assert option["resourceRecordValue"].rstrip(".") in refused.value.what
    assert 75 * 60 <= clouds.wall.now <= 75 * 60 + 5
    assert clouds.world.store.all(VALIDATION) == []


def test_validation_ends_when_the_record_appears_while_it_waits(clouds: Clouds) -> None:
    made = sites.aws_certificate(clouds, proven=False)
    sleep = clouds.wall.sleep

    def appear(seconds: float) -> None:
        sleep(seconds)
        if clouds.wall.now >= 30:
            sites.publish(clouds, made.outputs["domainValidationOptions"])

    clouds.world._sleep = appear
    clouds.make(VALIDATION, certificateArn=made.id)
    assert 30 <= clouds.wall.now < 32


def test_a_validation_names_every_record_or_none(clouds: Clouds) -> None:
    asked = {"domainName": HOST, "subjectAlternativeNames": [f"aws.{HOST}"], "validationMethod": "DNS"}
    made = clouds.make(CERTIFICATE, **asked)
    options = made.outputs["domainValidationOptions"]
    sites.publish(clouds, options)
    names = [option["resourceRecordName"].rstrip(".") for option in options]
    with pytest.raises(CloudRefused, match=rf"missing aws\.{HOST} DNS validation record"):
        clouds.make(VALIDATION, certificateArn=made.id, validationRecordFqdns=names[:1])
    assert clouds.make(VALIDATION, certificateArn=made.id, validationRecordFqdns=names).id


@pytest.mark.parametrize(("name", "right"), [("FARGATE_SPOT", True), ("fargate", False)])
def test_a_capacity_provider_exists(clouds: Clouds, name: str, right: bool) -> None:
    clouds.make("aws:ecs/cluster:Cluster", name="site")
    asked = {"clusterName": "site", "capacityProviders": [name]}
    if right:
        assert clouds.make("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", **asked).id
    else:
        with pytest.raises(CloudRefused, match="The specified capacity provider 'fargate' was not found"):
            clouds.make("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", **asked)


def test_validation_stops_on_ctrl_c(clouds: Clouds) -> None:
    made = sites.aws_certificate(clouds, proven=False)
    asked = clouds.request(VALIDATION, "one", {"certificateArn": made.id}, stack="aws", cancelled=lambda: True)
    with pytest.raises(CloudRefused):
        clouds.clouds.create(asked)
    assert clouds.wall.now == 0


def test_a_listener_takes_only_an_issued_certificate(clouds: Clouds) -> None:
    network, certificate = sites.aws_network(clouds), sites.aws_certificate(clouds, proven=False)
    with pytest.raises(CloudRefused, match=r"UnsupportedCertificate.*PENDING_VALIDATION"):
        sites.aws_front(clouds, network, certificate)
    sites.publish(clouds, certificate.outputs["domainValidationOptions"])
    clouds.effects()
    group = clouds.only("aws:lb/targetGroup:TargetGroup")
    listener = {
        "loadBalancerArn": clouds.only("aws:lb/loadBalancer:LoadBalancer").id,
        "port": 443,
        "protocol": "HTTPS",
        "certificateArn": certificate.id,
        "defaultActions": [{"type": "forward", "targetGroupArn": group.id}],
    }
    clouds.make("aws:lb/listener:Listener", "two", **listener)
    assert clouds.entry_point("aws") is not None


def test_a_listeners_tls_policy_exists_and_is_the_fronts(clouds: Clouds) -> None:
    sites.aws_site(clouds)
    listener = clouds.only("aws:lb/listener:Listener")
    for policy in ("none", "ELBSecurityPolicy-TLS13-1-2-2021-07"):
        wrong = {**listener.inputs, "port": 8443, "sslPolicy": policy}
        with pytest.raises(CloudRefused, match=f"SSLPolicyNotFound: SSL policy '{policy}' not found") as refused:
            clouds.make("aws:lb/listener:Listener", "two", **wrong)
    assert refused.value.hint == "did you mean ELBSecurityPolicy-TLS13-1-2-2021-06?"
    for policy, alone in (
        ("ELBSecurityPolicy-TLS13-1-2-2021-06", False),
        ("ELBSecurityPolicy-TLS13-1-3-2021-06", True),
    ):
        listener.inputs["sslPolicy"] = policy
        entry = clouds.entry_point("aws")
        assert entry is not None and entry.tls13_only is alone


def test_a_listener_takes_no_certificate_of_another_region(clouds: Clouds) -> None:
    sites.aws_site(clouds)
    asked = {"domainName": HOST, "validationMethod": "DNS", "region": "eu-west-1"}
    certificate = clouds.make(CERTIFICATE, "far", **asked)
    clouds.effects()
    listener = clouds.only("aws:lb/listener:Listener")
    assert certificate.outputs["arn"].startswith("arn:aws:acm:eu-west-1:")
    with pytest.raises(CloudRefused, match=r"ValidationError: Certificate ARN '.*' is not valid") as refused:
        clouds.make(
            "aws:lb/listener:Listener", "two", **{**listener.inputs, "port": 8443, "certificateArn": certificate.id}
        )
    assert "us-east-1 takes certificates of that region only" in refused.value.hint


# -- images ----------------------------------------------------------------------------------------------------------


def prepared(clouds: Clouds) -> tuple[dict[str, Made], Made]:
    network = sites.aws_network(clouds)
    return network, sites.aws_front(clouds, network, sites.aws_certificate(clouds))


def test_a_digest_that_the_registry_does_not_hold_is_refused(clouds: Clouds) -> None:
    network, group = prepared(clouds)
    image = sites.aws_image(clouds)
    wrong = image.replace(DIGEST, OTHER_DIGEST)
    with pytest.raises(CloudRefused, match="CannotPullContainerError"):
        sites.aws_service(clouds, network, group, sites.aws_task(clouds, wrong))
    assert clouds.world.store.all(SERVICE) == []


def test_another_clouds_registry_does_not_count(clouds: Clouds) -> None:
    network, group = prepared(clouds)
    sites.gcp_apis(clouds)
    elsewhere = sites.gcp_image(clouds)
    with pytest.raises(CloudRefused, match="not authorized to perform: ecr:GetAuthorizationToken"):
        sites.aws_service(clouds, network, group, sites.aws_task(clouds, elsewhere, may_pull=False))


PULL_OF_ANOTHER = {**sites.MAY_PULL, "Resource": "arn:aws:ecr:us-east-1:000000000000:repository/other"}


@pytest.mark.parametrize(
    ("statements", "missing"),
    [
        ([sites.MAY_LOG_IN, sites.MAY_PULL, sites.MAY_LOG], None),
        ([{"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}, sites.MAY_LOG], None),
        ([sites.MAY_PULL], "ecr:GetAuthorizationToken"),
        ([sites.MAY_LOG_IN], "ecr:BatchCheckLayerAvailability"),
        ([sites.MAY_LOG_IN, PULL_OF_ANOTHER], "ecr:BatchCheckLayerAvailability"),
        ([sites.MAY_LOG_IN, {**sites.MAY_PULL, "Action": sites.MAY_PULL["Action"][:2]}], "ecr:GetDownloadUrlForLayer"),
        ([{"Effect": "Deny", "Action": "ecr:*", "Resource": "*"}], "ecr:GetAuthorizationToken"),
    ],
)
def test_the_execution_role_has_to_be_allowed_to_pull(
    clouds: Clouds, statements: list[dict[str, object]], missing: str | None
) -> None:
    network, group = prepared(clouds)
    task = sites.aws_task(clouds, sites.aws_image(clouds), may_pull=False)
    role = clouds.only("aws:iam/role:Role").id
    clouds.make("aws:iam/rolePolicy:RolePolicy", role=role, policy={"Statement": statements})
    if missing is None:
        assert sites.aws_service(clouds, network, group, task).id
    else:
        with pytest.raises(CloudRefused, match=f"not authorized to perform: {missing}"):
            sites.aws_service(clouds, network, group, task)


def no_gateway(clouds: Clouds) -> None:
    clouds.only("aws:ec2/routeTable:RouteTable").inputs["routes"] = []


def a_nat(clouds: Clouds) -> None:
    """A NAT gateway in the other subnet, which goes on leading to the internet gateway."""
    table = clouds.only("aws:ec2/routeTable:RouteTable")
    public = clouds.make(table.type, "public", vpcId=table.inputs["vpcId"], routes=table.inputs["routes"])
    other = clouds.only("aws:ec2/routeTableAssociation:RouteTableAssociation", "b")
    other.inputs["routeTableId"] = public.id
    address = clouds.make("aws:ec2/eip:Eip", domain="vpc")
    nat = clouds.make("aws:ec2/natGateway:NatGateway", subnetId=other.inputs["subnetId"], allocationId=address.id)
    table.inputs["routes"] = [{"cidrBlock": "0.0.0.0/0", "natGatewayId": nat.id}]


@pytest.mark.parametrize(
    ("public_ip", "change", "connected"),
    [
        (True, lambda clouds: None, True),
        (False, lambda clouds: None, False),
        (True, no_gateway, False),
        (False, a_nat, True),
    ],
)
def test_a_task_pulls_over_its_own_network(
    clouds: Clouds, public_ip: bool, change: Callable[[Clouds], None], connected: bool
) -> None:
    network, group = prepared(clouds)
    task = sites.aws_task(clouds, sites.aws_image(clouds))
    change(clouds)
    where = {"securityGroups": [network["tasks"].id], "subnets": [network["a"].id], "assignPublicIp": public_ip}
    if connected:
        assert sites.aws_service(clouds, network, group, task, networkConfiguration=where).id
    else:
        with pytest.raises(CloudRefused, match="connection issue between the task and Amazon ECR"):
            sites.aws_service(clouds, network, group, task, networkConfiguration=where)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"awslogs-group": "/none"}, "The specified log group does not exist"),
        ({"awslogs-group": "/none", "awslogs-create-group": "true"}, None),
    ],
)
def test_a_task_logs_to_a_group_that_exists_or_is_made(
    clouds: Clouds, options: dict[str, str], told: str | None
) -> None:
    network, group = prepared(clouds)
    task = clouds.world.store.require(TASK, sites.aws_task(clouds, sites.aws_image(clouds)).id, "")
    container = json.loads(task.inputs["containerDefinitions"])[0]
    container["logConfiguration"] = {"logDriver": "awslogs", "options": options}
    task.inputs["containerDefinitions"] = json.dumps([container])
    made = Made(TASK, task.id, task.outputs, clouds.request(TASK, "task", {}, stack="aws"))
    if told is None:
        assert sites.aws_service(clouds, network, group, made).id
    else:
        with pytest.raises(CloudRefused, match=told):
            sites.aws_service(clouds, network, group, made)


def test_an_image_that_never_answers_fails_the_service_but_keeps_it(clouds: Clouds) -> None:
    network, group = prepared(clouds)
    clouds.failing[DIGEST] = "exit code 1"
    with pytest.raises(NotReady, match=r"steady state.*exit code 1") as failed:
        sites.aws_service(clouds, network, group, sites.aws_task(clouds, sites.aws_image(clouds)))
    assert failed.value.id == clouds.only(SERVICE).id


def update_with_bad_image(clouds: Clouds, service: Made, **more: object) -> None:
    clouds.failing[OTHER_DIGEST] = "exit code 1"
    task = sites.aws_task(clouds, sites.aws_image(clouds, OTHER_DIGEST), "bad")
    clouds.change(service, taskDefinition=task.outputs["arn"], **more)


def test_the_circuit_breaker_goes_back_to_the_image_that_answered(clouds: Clouds) -> None:
    service = sites.aws_site(clouds)
    with pytest.raises(NotReady, match="circuit breaker was triggered"):
        update_with_bad_image(clouds, service)
    workload = clouds.workload("aws")
    assert workload is not None and workload.image == DIGEST
    assert workload.environment == (("OUTLAST_SITE", "aws"),)


def test_a_changed_health_check_is_no_deployment_and_is_not_rolled_back(clouds: Clouds) -> None:
    service = sites.aws_site(clouds)
    before, group = clouds.workload("aws"), clouds.only("aws:lb/targetGroup:TargetGroup")
    group.inputs["healthCheck"] = {"path": "/wrong"}
    after = clouds.workload("aws")
    assert before is not None and after is not None
    assert after.probe_path == "/wrong" and after.revision == before.revision and not after.tells_port
    with pytest.raises(NotReady):
        update_with_bad_image(clouds, service)
    back = clouds.workload("aws")
    assert back is not None and (back.image, back.probe_path) == (DIGEST, "/wrong")


def test_without_a_breaker_the_new_image_goes_on_being_tried(clouds: Clouds) -> None:
    service = sites.aws_site(clouds)
    with pytest.raises(NotReady) as failed:
        update_with_bad_image(clouds, service, deploymentCircuitBreaker={"enable": False, "rollback": False})
    assert "circuit breaker" not in failed.value.what
    workload = clouds.workload("aws")
    assert workload is not None and workload.image == OTHER_DIGEST


def test_a_right_image_after_a_rolled_back_one_serves(clouds: Clouds) -> None:
    service = sites.aws_site(clouds)
    with pytest.raises(NotReady):
        update_with_bad_image(clouds, service)
    clouds.failing.clear()
    task = clouds.only("aws:ecs/taskDefinition:TaskDefinition", "bad")
    clouds.change(service, taskDefinition=task.id)
    workload = clouds.workload("aws")
    assert workload is not None and workload.image == OTHER_DIGEST


def test_a_service_that_does_not_wait_for_a_steady_state_answers_at_once(clouds: Clouds) -> None:
    network, group = prepared(clouds)
    clouds.failing[DIGEST] = "exit code 1"
    task = sites.aws_task(clouds, sites.aws_image(clouds))
    sites.aws_service(clouds, network, group, task, waitForSteadyState=False)
    assert clouds.waited == []


def test_a_deployment_that_nobody_waits_for_is_rolled_back_all_the_same(clouds: Clouds) -> None:
    network, group = prepared(clouds)
    task = sites.aws_task(clouds, sites.aws_image(clouds))
    service = sites.aws_service(clouds, network, group, task, waitForSteadyState=False)
    clouds.effects()
    said: list[str] = []
    clouds.world.report = said.append
    update_with_bad_image(clouds, service)
    workload = clouds.workload("aws")
    assert workload is not None and workload.image == DIGEST
    assert len(said) == 1 and "circuit breaker was triggered" in said[0] and "exit code 1" in said[0]
    assert clouds.waited == []


def test_without_a_breaker_what_served_before_is_what_to_fall_back_on(clouds: Clouds) -> None:
    network, group = prepared(clouds)
    task = sites.aws_task(clouds, sites.aws_image(clouds))
    off = {"deploymentCircuitBreaker": {"enable": False, "rollback": False}}
    service = sites.aws_service(clouds, network, group, task, waitForSteadyState=False, **off)
    clouds.effects()
    update_with_bad_image(clouds, service)
    workload = clouds.workload("aws")
    assert workload is not None and workload.image == OTHER_DIGEST
    assert [kept.image for kept in clouds.effects().proven.values()] == [DIGEST]


def test_a_repository_with_images_is_deleted_only_by_force(clouds: Clouds) -> None:
    made = clouds.make("aws:ecr/repository:Repository", name="site")
    image = sites.aws_image(clouds)
    with pytest.raises(CloudRefused, match="RepositoryNotEmptyException"):
        clouds.delete(made)
    clouds.change(made, forceDelete=True)
    clouds.delete(made)
    assert clouds.world.images.digest_of(image) is None


# -- network ---------------------------------------------------------------------------------------------------------


def test_a_service_that_says_no_count_wants_nobody(clouds: Clouds) -> None:
    network, group = prepared(clouds)
    sites.aws_service(clouds, network, group, sites.aws_task(clouds, sites.aws_image(clouds)), desiredCount=None)
    workload = clouds.workload("aws")
    assert workload is not None and workload.max_replicas == 0


def test_desired_count_zero_wants_nobody(clouds: Clouds) -> None:
    service = sites.aws_site(clouds)
    clouds.change(service, desiredCount=0)
    workload = clouds.workload("aws")
    assert workload is not None and workload.max_replicas == 0


def test_a_balancer_needs_two_availability_zones(clouds: Clouds) -> None:
    network = sites.aws_network(clouds)
    vpc = network["vpc"].id
    twin = clouds.make("aws:ec2/subnet:Subnet", "c", vpcId=vpc, cidrBlock="10.0.9.0/24", availabilityZone="us-east-1a")
    for subnets, told in (
        ([network["a"].id], "At least two subnets"),
        ([network["a"].id, twin.id], "same Availability"),
    ):
        with pytest.raises(CloudRefused, match=told):
            clouds.make("aws:lb/loadBalancer:LoadBalancer", subnets=subnets)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"vpcId": "vpc-none"}, "InvalidVpcID.NotFound"),
        ({"availabilityZone": "eu-west-1a"}, "zones of us-east-1"),
        ({"cidrBlock": "10.0.0.0/24"}, "InvalidSubnet.Conflict"),
        ({"cidrBlock": "10.0.0.128/25"}, "InvalidSubnet.Conflict"),  # a part of another's
        ({"cidrBlock": "10.1.0.0/24"}, "InvalidSubnet.Range"),
    ],
)
def test_a_subnet_belongs_to_a_vpc_a_zone_and_nobody_elses_range(
    clouds: Clouds, changed: dict[str, str], told: str
) -> None:
    vpc = sites.aws_network(clouds)["vpc"]
    right = {"vpcId": vpc.id, "cidrBlock": "10.0.7.0/24", "availabilityZone": "us-east-1a"}
    with pytest.raises(CloudRefused, match=told):
        clouds.make("aws:ec2/subnet:Subnet", "new", **{**right, **changed})
    clouds.make("aws:ec2/subnet:Subnet", "new", **right)


def test_a_balancer_for_the_internet_needs_a_gateway_in_its_vpc(clouds: Clouds) -> None:
    network = sites.aws_network(clouds)
    clouds.delete(clouds.only("aws:ec2/internetGateway:InternetGateway"))
    subnets = [network["a"].id, network["b"].id]
    with pytest.raises(CloudRefused, match=f"InvalidSubnet: VPC {network['vpc'].id} has no internet gateway"):
        clouds.make("aws:lb/loadBalancer:LoadBalancer", subnets=subnets)
    assert clouds.make("aws:lb/loadBalancer:LoadBalancer", "inside", internal=True, subnets=subnets).id


def test_a_balancers_groups_and_target_groups_are_of_its_vpc(clouds: Clouds) -> None:
    network = sites.aws_network(clouds)
    sites.aws_front(clouds, network, sites.aws_certificate(clouds))
    other = clouds.make("aws:ec2/vpc:Vpc", "other", cidrBlock="10.1.0.0/16")
    stranger = clouds.make("aws:ec2/securityGroup:SecurityGroup", "stranger", vpcId=other.id)
    subnets = [network["a"].id, network["b"].id]
    with pytest.raises(CloudRefused, match=f"One or more security groups are invalid: {stranger.id}"):
        clouds.make("aws:lb/loadBalancer:LoadBalancer", "two", subnets=subnets, securityGroups=[stranger.id])
    target = {"targetType": "ip", "port": 8080, "protocol": "HTTP"}
    group = clouds.make("aws:lb/targetGroup:TargetGroup", "two", vpcId=other.id, **target)
    listener = clouds.only("aws:lb/listener:Listener")
    actions = [{"type": "forward", "targetGroupArn": group.id}]
    with pytest.raises(CloudRefused, match="have a different VPC than the load balancer"):
        clouds.make("aws:lb/listener:Listener", "two", **{**listener.inputs, "port": 80, "defaultActions": actions})


@pytest.mark.parametrize("policy", ["{", "{}", '{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}'])
def test_a_role_says_who_may_assume_it(clouds: Clouds, policy: str) -> None:
    with pytest.raises(CloudRefused, match="MalformedPolicyDocument"):
        clouds.make("aws:iam/role:Role", assumeRolePolicy=policy)


def test_an_internal_balancer_serves_nobody_outside(clouds: Clouds) -> None:
    sites.aws_site(clouds)
    balancer = clouds.only("aws:lb/loadBalancer:LoadBalancer")
    balancer.inputs["internal"] = True
    assert clouds.entry_point("aws") is None
    assert "internal" in " ".join(clouds.effects().why_not.values())


def test_a_task_group_that_lets_nobody_in_gives_503(clouds: Clouds) -> None:
    sites.aws_site(clouds)
    rule = clouds.only("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "tasks")
    rule.inputs["fromPort"] = rule.inputs["toPort"] = 9090
    entry = clouds.entry_point("aws")
    assert entry is not None and (entry.workload, entry.answer) == (None, 503)


def test_rules_inside_of_a_group_count_too(clouds: Clouds) -> None:
    sites.aws_site(clouds)
    clouds.delete(clouds.only("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "443"))
    group = clouds.only("aws:ec2/securityGroup:SecurityGroup", "front")
    group.inputs["ingress"] = [{"protocol": "-1", "cidrBlocks": ["0.0.0.0/0"], "fromPort": 0, "toPort": 0}]
    assert clouds.entry_point("aws") is not None


def test_a_route_of_its_own_counts_as_one_of_its_table(clouds: Clouds) -> None:
    sites.aws_site(clouds)
    table = clouds.only("aws:ec2/routeTable:RouteTable")
    gateway = clouds.only("aws:ec2/internetGateway:InternetGateway")
    table.inputs["routes"] = []
    assert clouds.entry_point("aws") is None
    clouds.make("aws:ec2/route:Route", routeTableId=table.id, destinationCidrBlock="0.0.0.0/0", gatewayId=gateway.id)
    assert clouds.entry_point("aws") is not None


def test_a_managed_policy_may_permit_the_pull(clouds: Clouds) -> None:
    network, group = prepared(clouds)
    task = sites.aws_task(clouds, sites.aws_image(clouds), may_pull=False)
    role = clouds.only("aws:iam/role:Role")
    arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    clouds.make("aws:iam/rolePolicyAttachment:RolePolicyAttachment", role=role.id, policyArn=arn)
    assert sites.aws_service(clouds, network, group, task).id


def test_accounts_that_are_not_the_sandboxs_are_refused(clouds: Clouds) -> None:
    for package, wrong, right in (
        ("aws", {"allowedAccountIds": ["123456789012"]}, {"allowedAccountIds": ["000000000000"]}),
        ("azure-native", {"subscriptionId": "mine"}, {"subscriptionId": "00000000-0000-0000-0000-000000000000"}),
        ("gcp", {"project": "mine"}, {"project": "outlast-sandbox"}),
    ):
        clouds.clouds.configure(package, right)
        with pytest.raises(OutlastError):
            clouds.clouds.configure(package, wrong)
