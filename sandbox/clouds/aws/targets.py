"""Target groups: what joins a listener to the service that registers with it."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.clouds.aws.common import arn, own_name
from sandbox.clouds.aws.network import VPC
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.references import exists
from sandbox.clouds.rules import PORT, TERRAFORM_AWS, Mistake, OneOf, Range, Text, because, is_given, is_known
from sandbox.clouds.store import Resource
from sandbox.clouds.values import Values, hex_id, nested
from sandbox.clouds.world import World

TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
# botocore's documentation of elbv2's CreateTargetGroup, for groups of protocol HTTP and targets that are addresses.
_DEFAULT_INTERVAL, _DEFAULT_TIMEOUT = 30, 6


def target_type(world: World, reference: object) -> str:
    """What registers with the group: instances, which is ELB's default, or addresses."""
    group = world.store.find(TARGET_GROUP, reference)
    return str((group.inputs.get("targetType") if group else None) or "instance")


def health_path(world: World, reference: object) -> str:
    """The path that the group's health check asks for; `/` is ELB's default."""
    group = world.store.find(TARGET_GROUP, reference)
    return str((nested(group.inputs, "healthCheck", "path") if group else None) or "/")


def _id(world: World, r: Resource) -> str:
    return arn("elasticloadbalancing", r, f"targetgroup/{own_name(r)}/{hex_id(16)}")


def _outputs(world: World, r: Resource) -> Values:
    return {"arn": r.id, "arnSuffix": r.id.rpartition(":")[2], "name": own_name(r), "loadBalancerArns": []}


# Of an Application Load Balancer and of a target group: botocore's documentation of elbv2's CreateLoadBalancer.Name
# and CreateTargetGroup.Name; "internal-" is refused for a balancer only.
_TARGETS = Text(32, r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", "ELBv2 API, CreateTargetGroup")
# hashicorp/terraform-provider-aws, internal/service/elbv2/target_group.go.
_TARGET_INTERVAL = Range(5, 300, "pulumi-aws, TargetGroup")
_TARGET_TIMEOUT = Range(2, 120, "pulumi-aws, TargetGroup")
_TARGET_THRESHOLD = Range(2, 10, "pulumi-aws, TargetGroup")
# botocore's documentation of elbv2's shape Matcher: 200 to 499 for an Application Load Balancer.
_MATCHER = Text(None, r"[2-4]\d\d([,-][2-4]\d\d)*", "ELBv2 API, Matcher.HttpCode")
_PATH = Text(1024, r"/.*", "ELBv2 API, HealthCheckPath and its error 'must begin with a /'")
_DELAY = Range(0, 3600, "pulumi-aws, TargetGroup")


def _target_group_combinations(inputs: Values) -> Iterator[Mistake]:
    """pulumi-aws 7.51.1, TargetGroup.port and others: "Required when `target_type` is `instance`, `ip` or `alb`"."""
    if inputs.get("targetType", "instance") in ("instance", "ip", "alb"):
        for name in ("port", "protocol", "vpcId"):
            if not is_given(inputs, name):
                yield name, "is needed where `targetType` is not lambda"


def _health_check_combinations(inputs: Values) -> Iterator[Mistake]:
    """ELBv2 API, CreateTargetGroup: "Health check interval must be greater than the timeout"; defaults from there."""
    check = inputs.get("healthCheck")
    if not isinstance(check, dict):
        return
    interval, timeout = check.get("interval", _DEFAULT_INTERVAL), check.get("timeout", _DEFAULT_TIMEOUT)
    if is_known(interval, timeout) and timeout >= interval:
        yield (
            "healthCheck.timeout",
            f"ValidationError: Health check interval must be greater than the timeout: {interval:g} s, {timeout:g} s",
        )


_TYPE = OneOf(
    (
        "instance",
        "ip",
        "lambda",
        "alb",
    ),
    "botocore: elbv2 CreateTargetGroup TargetType",
)
# botocore: elbv2 ProtocolEnum, which a target group, its health check and a listener share.
PROTOCOLS = ("HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE", "QUIC", "TCP_QUIC")
_PROTOCOL = OneOf(
    PROTOCOLS,
    "botocore: elbv2 CreateTargetGroup Protocol",
)
_CHECK_PROTOCOL = OneOf(
    PROTOCOLS,
    "botocore: elbv2 CreateTargetGroup HealthCheckProtocol",
)
_ADDRESSES = OneOf(
    (
        "ipv4",
        "ipv6",
    ),
    "botocore: elbv2 CreateTargetGroup IpAddressType",
)

declare(
    TARGET_GROUP,
    fidelity=Fidelity.SIMULATED,
    rules=(exists("vpcId", VPC, "ValidationError: The VPC ID '{}' is not found", "ELBv2 API, CreateTargetGroup"),),
    illness=(
        "a health check path that answers no 2xx or 3xx, also one that is changed to: the tasks are killed and "
        "replaced for as long as it stays so (ECS Developer Guide, load balancer health checks)",
    ),
    not_known=("how long after a change of the health check the first task is killed: 30 s are assumed",),
    effect="joins a listener to the service that registers with it",
    not_simulated="stickiness, slow start, health thresholds",
    id_of=_id,
    outputs=_outputs,
    limits={
        "name": _TARGETS,
        "port": PORT,
        "deregistrationDelay": _DELAY,
        "healthCheck.path": _PATH,
        "healthCheck.matcher": _MATCHER,
        "healthCheck.interval": _TARGET_INTERVAL,
        "healthCheck.timeout": _TARGET_TIMEOUT,
        "healthCheck.healthyThreshold": _TARGET_THRESHOLD,
        "healthCheck.unhealthyThreshold": _TARGET_THRESHOLD,
        "targetType": _TYPE,
        "protocol": _PROTOCOL,
        "healthCheck.protocol": _CHECK_PROTOCOL,
        "ipAddressType": _ADDRESSES,
    },
    combinations=(_target_group_combinations, _health_check_combinations),
    forces_new=because(
        f"{TERRAFORM_AWS}/elbv2/target_group.go",
        "name",
        "namePrefix",
        "port",
        "protocol",
        "protocolVersion",
        "ipAddressType",
        "targetType",
        "vpcId",
    ),
)
