"""What ECS refuses of a service: a task that cannot be pulled, started, logged or reached as the service says."""

from __future__ import annotations

from sandbox.clouds.aws.common import EVERYWHERE, arn
from sandbox.clouds.aws.endpoints import S3, find_missing
from sandbox.clouds.aws.health import listeners_of
from sandbox.clouds.aws.network import count_addresses, is_publicly_routable, reaches_registries, vpc_of
from sandbox.clouds.aws.registry import repository_arn
from sandbox.clouds.aws.roles import LOG_GROUP, role_allows, role_trusts
from sandbox.clouds.aws.secrets import read_secrets
from sandbox.clouds.aws.security_groups import lets_out, strangers
from sandbox.clouds.aws.targets import target_type
from sandbox.clouds.aws.tasks import TASK, architecture_of, container_of, containers_of
from sandbox.clouds.rules import OneOf
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, nested
from sandbox.clouds.world import World

CLUSTER = "aws:ecs/cluster:Cluster"
INSIGHTS = OneOf(("enabled", "enhanced", "disabled"), "ECS API, ClusterSetting.value of containerInsights")
CAPACITY_PROVIDERS = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"

_TASKS = "ecs-tasks.amazonaws.com"
# docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-initialization-error.html and
# task_cannot_pull_image.html: what a stopped task says.
_NO_AUTH = "ResourceInitializationError: unable to pull secrets or registry auth: "
_NO_REGISTRY = (
    f"{_NO_AUTH}The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and "
    "Amazon ECR. Check your task network configuration."
)
_UNREACHABLE = {
    "ecr.api": _NO_REGISTRY,
    "secretsmanager": f"{_NO_AUTH}unable to retrieve secret from asm: There is a connection issue between the task and "
    "AWS Secrets Manager. Check your task network configuration.",
    "ecr.dkr": "CannotPullContainerError: The task cannot pull the image from Amazon ECR: There is a connection issue "
    "between the task and the registry. Check your task network configuration.",
    S3: "CannotPullContainerError: failed to copy: httpReadSeeker: failed open: failed to do request: the layers in "
    "Amazon S3: dial tcp: i/o timeout",
    "logs": "ResourceInitializationError: failed to validate logger args: There is a connection issue between the task "
    "and Amazon CloudWatch. Check your task network configuration.",
}
_WRITE_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


def task_rule(world: World, r: Resource) -> None:
    """The cluster, the task definition and its image exist, and the image is for the task's processor: ECS API,
    CreateService; ECS Developer Guide, CannotPullContainer task errors.
    """
    world.store.require(CLUSTER, r.inputs.get("cluster"), "ClusterNotFoundException: Cluster not found.")
    task = _task_of(world, r)
    image = container_of(task)["image"]
    digest = world.images.digest_of(image)
    if digest is None:
        raise CloudRefused(
            f"CannotPullContainerError: pull image manifest has been retried 1 time(s): {image}: not found",
            hint="deploy the reference that the image resource gives back",
        )
    wanted = architecture_of(task)
    if not world.images.runs_on(image, wanted):
        raise CloudRefused(
            "CannotPullContainerError: pull image manifest has been retried 7 time(s): image Manifest does not contain "
            f"descriptor matching platform '{wanted}'",
            hint=f"build the image for {wanted}, or let the task's runtime_platform name the image's processor",
        )
    r.place["digest"] = digest


def _task_of(world: World, r: Resource) -> Resource:
    return world.store.require(TASK, r.inputs.get("taskDefinition"), "ClientException: TaskDefinition not found.")


def trust_rule(world: World, r: Resource) -> None:
    """ECS may assume the task's roles: ECS Developer Guide, "ECS was unable to assume the role"."""
    task = _task_of(world, r)
    for name in ("executionRoleArn", "taskRoleArn"):
        role = task.inputs.get(name)
        if role and not role_trusts(world, role, _TASKS):
            raise CloudRefused(
                f"ECS was unable to assume the role '{role}' that was provided for this task. Please verify that the "
                "role being passed has the proper trust relationship and permissions and that your IAM user has "
                "permissions to pass this role.",
                hint=f'let the role\'s trust policy allow sts:AssumeRole to {{"Service": "{_TASKS}"}}',
            )


def pull_rule(world: World, r: Resource) -> None:
    """The execution role may do what a pull asks: docs.aws.amazon.com/AmazonECR/latest/userguide/ECR_on_ECS.html."""
    task = _task_of(world, r)
    repository = repository_arn(task, container_of(task)["image"])
    role = task.inputs.get("executionRoleArn")
    for action, resource in (("ecr:GetAuthorizationToken", "*"), *((pull, repository) for pull in _PULL)):
        if not role_allows(world, role, action, resource):
            raise CloudRefused(
                "ResourceInitializationError: unable to pull secrets or registry auth: the execution role "
                f"{role or '(none)'} is not authorized to perform: {action} on resource: {resource}",
                hint=f"give the task's execution role {action} on {resource}",
            )


def secret_rule(world: World, r: Resource) -> None:
    """What the container names of Secrets Manager is there, and the execution role may read it: ECS Developer Guide,
    "Pass Secrets Manager secrets through environment variables".
    """
    task = _task_of(world, r)
    r.place["secrets"] = read_secrets(world, task, container_of(task))


def connection_rule(world: World, r: Resource) -> None:
    """A task pulls over its own network interface; with no route to the registry it never starts: ECS Developer Guide,
    ResourceInitializationError.
    """
    network: Values = r.inputs.get("networkConfiguration") or {}
    public_ip = bool(network.get("assignPublicIp"))
    groups = network.get("securityGroups") or []
    let_out, subnets = lets_out(world, groups, 443, EVERYWHERE), network.get("subnets") or []
    inside = [one for one in subnets if not (let_out and reaches_registries(world, one, public_ip=public_ip))]
    needed = _needed_services(container_of(_task_of(world, r)))
    lacking = [find_missing(world, subnet, groups, needed) for subnet in inside]
    missing = next(filter(None, lacking), None)
    if missing:
        raise CloudRefused(
            _UNREACHABLE[missing],
            hint="let the tasks' security group out to TCP 443, and give them assign_public_ip in a subnet with a "
            "route to an internet gateway or a NAT gateway; or give them an endpoint in the VPC for "
            f"{missing}, and let the group out to that",
        )


def _needed_services(container: Values) -> list[str]:
    """What of AWS starts a container like this, in the order in which it is asked."""
    secrets = ["secretsmanager"] if container.get("secrets") else []
    logs = ["logs"] if (container.get("logConfiguration") or {}).get("logDriver") == "awslogs" else []
    return ["ecr.api", *secrets, "ecr.dkr", S3, *logs]


def log_rule(world: World, r: Resource) -> None:
    """The log group exists and the execution role may write to it: ECS Developer Guide, "Send Amazon ECS logs to
    CloudWatch", logs:CreateLogStream and logs:PutLogEvents.
    """
    task = _task_of(world, r)
    logs: Values = container_of(task).get("logConfiguration") or {}
    options: Values = logs.get("options") or {}
    group = options.get("awslogs-group") if logs.get("logDriver") == "awslogs" else None
    if not group:
        return
    told = "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
    if options.get("awslogs-create-group") != "true":
        missing = f"{told}ResourceNotFoundException: The specified log group does not exist."
        world.store.require(LOG_GROUP, group, missing)
    role, stream = task.inputs.get("executionRoleArn"), arn("logs", task, f"log-group:{group}:log-stream:*")
    for action in _WRITE_LOGS:
        if not role_allows(world, role, action, stream):
            raise CloudRefused(
                f"{told}AccessDeniedException: {role or '(no execution role)'} is not authorized to perform: {action} "
                f"on resource: {stream}",
                hint=f"give the task's execution role {action} on the log group's streams",
            )


def target_rule(world: World, r: Resource) -> None:
    """What registers with a target group is a container's port, behind a listener: ECS API, LoadBalancer."""
    task = _task_of(world, r)
    container: Values = container_of(task)
    for target in r.inputs.get("loadBalancers") or []:
        group, name, port = (target.get(each) for each in ("targetGroupArn", "containerName", "containerPort"))
        if name not in [each.get("name") for each in containers_of(task)]:
            raise CloudRefused(
                f"InvalidParameterException: The container {name} does not exist in the task definition.",
                hint=f"the task definition's container is {container.get('name')}",
            )
        ports = [each.get("containerPort") for each in container.get("portMappings") or []]
        if name == container.get("name") and port not in ports:
            raise CloudRefused(
                f"InvalidParameterException: The container {name} did not have a container port {port:g} defined.",
                hint=f"its port mappings have {', '.join(map(str, ports)) or 'none'}",
            )
        if group and task.inputs.get("networkMode") == "awsvpc" and target_type(world, group) == "instance":
            raise CloudRefused(
                f"InvalidParameterException: The provided target group {group} has target type instance, which is "
                "incompatible with the awsvpc network mode specified in the task definition.",
                hint="make the target group with target_type ip",
            )
        if group and not listeners_of(world, group):
            raise CloudRefused(
                f"InvalidParameterException: The target group with targetGroupArn {group} does not have an associated "
                "load balancer.",
                hint="make the service depend on the listener: nothing else says so",
            )


def network_rule(world: World, r: Resource) -> None:
    """Security groups and subnets are of one VPC: ECS API, AwsVpcConfiguration."""
    vpc = vpc_of(world, _subnets(r))
    groups = nested(r.inputs, "networkConfiguration", "securityGroups") or []
    wrong = strangers(world, groups, vpc) if vpc is not None else []
    if vpc is not None and wrong:
        raise CloudRefused(
            f"InvalidParameterException: Security group {', '.join(wrong)} does not appear to belong to the same VPC "
            "as the input subnets.",
            hint=f"take security groups of {vpc.id}",
        )


def address_rule(world: World, r: Resource) -> None:
    """Each task has an address of its own, which a target group takes: VPC User Guide, "Subnet CIDR blocks"; ELBv2 API,
    CreateTargetGroup.TargetType.
    """
    subnets, wanted = _subnets(r), int(r.inputs.get("desiredCount") or 0)
    room = count_addresses(world, subnets)
    if room is not None and wanted > room:
        raise CloudRefused(
            "ResourceInitializationError: Unexpected EC2 error while attempting to Create Network Interface in subnet "
            f"'{subnets[0]}': InsufficientFreeAddressesInSubnet: {wanted} tasks, {room} addresses",
            hint="take a range for twice as many: a deployment starts new tasks beside the old ones",
        )
    public = [subnet for subnet in subnets if is_publicly_routable(world, subnet)]
    if public and r.inputs.get("loadBalancers"):
        raise CloudRefused(
            f"InvalidTarget: an address of {public[0]} cannot be registered: it is publicly routable",
            hint="take a VPC range of RFC 1918 (10/8, 172.16/12, 192.168/16) or 100.64.0.0/10",
        )


def _subnets(r: Resource) -> list[str]:
    return [str(subnet) for subnet in nested(r.inputs, "networkConfiguration", "subnets") or []]


def capacity_rule(world: World, r: Resource) -> None:
    """What a service's strategy names is associated with its cluster: ECS API, CapacityProviderStrategyItem."""
    cluster = world.store.follow(r, "cluster", CLUSTER)
    given = (c for c in world.store.all(CAPACITY_PROVIDERS) if cluster is not None and c.id in cluster.names())
    associated = {name for association in given for name in association.inputs.get("capacityProviders") or []}
    for wanted in r.inputs.get("capacityProviderStrategies") or []:
        if wanted.get("capacityProvider") not in associated:
            raise CloudRefused(
                "InvalidParameterException: The specified capacity provider strategy cannot contain a capacity "
                "provider that is not associated with the cluster. Associate the capacity provider with the cluster "
                f"and try again. ({wanted.get('capacityProvider')})",
                hint="name it in ClusterCapacityProviders, and make the service depend on that",
            )


SERVICE_RULES = (
    task_rule,
    trust_rule,
    pull_rule,
    secret_rule,
    network_rule,
    address_rule,
    connection_rule,
    log_rule,
    target_rule,
    capacity_rule,
)
