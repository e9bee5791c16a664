"""Application Load Balancers: an address in the subnets of a VPC that leads to the internet."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.clouds.aws.common import arn, own_name, region_of
from sandbox.clouds.aws.network import SUBNET, has_gateway, vpc_of
from sandbox.clouds.aws.security_groups import strangers
from sandbox.clouds.buckets import S3_BUCKET, lets_service
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.route53 import ELB_ZONE_ID
from sandbox.clouds.rules import TERRAFORM_AWS, Mistake, OneOf, Range, Text, because, is_given
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, hex_id, nested, stable_hex
from sandbox.clouds.world import World

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
DELIVERY = "logdelivery.elasticloadbalancing.amazonaws.com"


# -- rules -----------------------------------------------------------------------------------------------------------


def subnets_of(r: Resource) -> list[str]:
    """The subnets that a load balancer has its nodes in."""
    named = r.inputs.get("subnets") or [m.get("subnetId") for m in r.inputs.get("subnetMappings") or []]
    return [str(subnet) for subnet in named]


def _subnet_rules(world: World, r: Resource) -> None:
    """Two subnets or more, each in an Availability Zone of its own: ELBv2 API, CreateLoadBalancer.Subnets."""
    subnets = subnets_of(r)
    if len(subnets) < 2:
        raise CloudRefused(
            "ValidationError: At least two subnets in two different Availability Zones must be specified"
        )
    zones = set()
    for subnet in subnets:
        found = world.store.require(SUBNET, subnet, f"SubnetNotFound: The subnet ID '{subnet}' is not valid")
        zones.add(found.inputs.get("availabilityZone") or found.id)
    if len(zones) < 2:
        raise CloudRefused(
            "InvalidSubnet: A load balancer cannot be attached to multiple subnets in the same Availability Zone"
        )


def is_log_asked(inputs: Values) -> bool:
    """Whether an access log is switched on."""
    return bool(nested(inputs, "accessLogs", "enabled"))


def _log_rules(world: World, r: Resource) -> None:
    """The bucket of access logs is there, in its region, and lets the log delivery service write: ELBv2 API,
    InvalidConfigurationRequest; Elastic Load Balancing, "Enable access logs", "Access denied for bucket".
    """
    asked = r.inputs.get("accessLogs") or {}
    if not is_log_asked(r.inputs):
        return
    name = str(asked.get("bucket"))
    bucket = world.store.get(S3_BUCKET, name)
    if bucket is None:
        raise CloudRefused(f"InvalidConfigurationRequest: The specified bucket does not exist: {name}")
    if region_of(bucket) != region_of(r):
        raise CloudRefused(f"InvalidConfigurationRequest: The bucket {name} is not in the region {region_of(r)}")
    if not lets_service(world, name, DELIVERY, "s3:PutObject"):
        raise CloudRefused(
            f"InvalidConfigurationRequest: Access Denied for bucket: {name}. Please check S3bucket permission",
            hint=f"a bucket policy that allows {DELIVERY} s3:PutObject, on which the load balancer depends",
        )


def _network_rules(world: World, r: Resource) -> None:
    """An internet-facing one needs an internet gateway in its VPC, and groups of that VPC: ELBv2 API, InvalidSubnet and
    InvalidSecurityGroup.
    """
    vpc = vpc_of(world, subnets_of(r))
    if vpc is None:
        return
    if not r.inputs.get("internal") and not has_gateway(world, vpc):
        raise CloudRefused(
            f"InvalidSubnet: VPC {vpc.id} has no internet gateway",
            hint="make the load balancer depend on the internet gateway: nothing else says so",
        )
    wrong = strangers(world, r.inputs.get("securityGroups") or [], vpc)
    if wrong:
        raise CloudRefused(
            f"InvalidConfigurationRequest: One or more security groups are invalid: {', '.join(wrong)}",
            hint=f"take security groups of {vpc.id}, in which the load balancer's subnets are",
        )


# -- types -----------------------------------------------------------------------------------------------------------


def _balancer_id(world: World, r: Resource) -> str:
    return arn("elasticloadbalancing", r, f"loadbalancer/app/{own_name(r)}/{hex_id(16)}")


def _create_balancer(world: World, r: Resource) -> None:
    r.place["address"] = world.addresses.lease()


def _balancer_outputs(world: World, r: Resource) -> Values:
    name = own_name(r)
    scheme = "internal-" if r.inputs.get("internal") else ""
    return {
        "arn": r.id,
        "arnSuffix": r.id.rpartition(":loadbalancer/")[2],
        "name": name,
        "zoneId": ELB_ZONE_ID,
        "vpcId": "",
        "dnsName": f"{scheme}{name}-{stable_hex(r.id, length=10)}.{region_of(r)}.elb.amazonaws.com",
    }


_BALANCER = Text(32, r"(?!internal-)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", "ELBv2 API, CreateLoadBalancer")


def _balancer_combinations(inputs: Values) -> Iterator[Mistake]:
    """hashicorp/terraform-provider-aws, internal/service/elbv2/load_balancer.go: ExactlyOneOf."""
    if is_given(inputs, "subnets") == is_given(inputs, "subnetMappings"):
        yield "subnets", "exactly one of `subnets` and `subnetMappings` must be given"


_TYPE = OneOf(
    (
        "application",
        "network",
        "gateway",
    ),
    "botocore: elbv2 CreateLoadBalancer Type",
)
_ADDRESSES = OneOf(
    (
        "ipv4",
        "dualstack",
        "dualstack-without-public-ipv4",
    ),
    "botocore: elbv2 CreateLoadBalancer IpAddressType",
)

declare(
    BALANCER,
    fidelity=Fidelity.SIMULATED,
    effect="has a DNS name and a loopback address on which its listeners are open; with `accessLogs` a file of its "
    "requests in the bucket every five minutes of simulated time",
    not_simulated="HTTP features: header rules, idle timeouts; one address where the real one has several; in access "
    "logs the query of an address and what is no HTTP/1.1; of them a site keeps the newest 20 MB",
    rules=(_subnet_rules, _network_rules, _log_rules),
    id_of=_balancer_id,
    create=_create_balancer,
    outputs=_balancer_outputs,
    limits={
        "name": _BALANCER,
        "loadBalancerType": _TYPE,
        "ipAddressType": _ADDRESSES,
        "clientKeepAlive": Range(60, 604_800, "ELBv2 API, LoadBalancerAttribute"),
    },
    combinations=(_balancer_combinations,),
    forces_new=because(
        f"{TERRAFORM_AWS}/elbv2/load_balancer.go",
        "name",
        "namePrefix",
        "internal",
        "loadBalancerType",
        "customerOwnedIpv4Pool",
    ),
)
