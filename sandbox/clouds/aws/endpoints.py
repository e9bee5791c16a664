"""Endpoints in a VPC, by which tasks without a way out reach the services of AWS that start them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sandbox.clouds.aws.common import ec2_outputs, prefixed, region_of
from sandbox.clouds.aws.network import ASSOCIATION, ENDPOINT, ROUTE_TABLE, SUBNET, VPC
from sandbox.clouds.aws.security_groups import GROUP, lets_in, lets_out
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.references import exists
from sandbox.clouds.rules import NO_MEMBER, OneOf, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, stable_hex
from sandbox.clouds.world import World

INTERFACE, GATEWAY = "Interface", "Gateway"
S3 = "s3"
_HTTPS = 443
_EC2 = "EC2 API, CreateVpcEndpoint"
_NOT_THERE = "Invalid{}.NotFound: The {} '{{}}' does not exist"
_BY_GATEWAY = (S3, "dynamodb")


def find_missing(world: World, subnet_id: str, groups: Sequence[str], services: Iterable[str]) -> str | None:
    """The first of these services that no endpoint leads to from the subnet, for members of these security groups."""
    return next((one for one in services if not _leads_to(world, subnet_id, groups, one)), None)


def _leads_to(world: World, subnet_id: str, groups: Sequence[str], service: str) -> bool:
    """A gateway endpoint by the subnet's route table; an interface by the service's own name, from anywhere in the VPC.

    VPC user guide, "AWS PrivateLink": without private DNS the service's name leads to its public addresses. The groups
    have to let it out: to a group of the interface, or to the prefix list of what a gateway leads to ("Gateway
    endpoints for Amazon S3", security).
    """
    subnet = world.store.find(SUBNET, subnet_id)
    if subnet is None:
        return False
    named = f"com.amazonaws.{region_of(subnet)}.{service}"
    for endpoint in world.store.all(ENDPOINT):
        vpc = subnet.inputs.get("vpcId")
        if endpoint.inputs.get("vpcId") != vpc or endpoint.inputs.get("serviceName") != named:
            continue
        routed = _tables(world, subnet_id) & set(endpoint.inputs.get("routeTableIds") or [])
        if _kind(endpoint) == GATEWAY and routed and lets_out(world, groups, _HTTPS, _prefix_list(endpoint)):
            return True
        if _kind(endpoint) == INTERFACE and _answers(world, endpoint, groups):
            return True
    return False


def _answers(world: World, endpoint: Resource, groups: Sequence[str]) -> bool:
    """In some subnet, by the service's own name, and for members of one of these groups that may go there."""
    inside = endpoint.inputs.get("subnetIds") and endpoint.inputs.get("privateDnsEnabled")
    mine = endpoint.inputs.get("securityGroupIds") or []
    let_in = any(lets_in(world, mine, _HTTPS, group) for group in groups)
    return bool(inside) and let_in and any(lets_out(world, groups, _HTTPS, own) for own in mine)


def _kind(endpoint: Resource) -> str:
    return str(endpoint.inputs.get("vpcEndpointType") or GATEWAY)


def _prefix_list(endpoint: Resource) -> str:
    """The id under which AWS keeps the addresses of the endpoint's service; the real ones are other digits."""
    return f"pl-{stable_hex(str(endpoint.inputs.get('serviceName')), length=8)}"


def _outputs(world: World, r: Resource) -> Values:
    listed = {"prefixListId": _prefix_list(r)} if _kind(r) == GATEWAY else {}
    return ec2_outputs("vpc-endpoint")(world, r) | listed


def _tables(world: World, subnet_id: str) -> set[str]:
    rows = (one for one in world.store.all(ASSOCIATION) if one.inputs.get("subnetId") == subnet_id)
    return {str(one.inputs.get("routeTableId")) for one in rows}


def _service_rule(world: World, r: Resource) -> None:
    """The service is one of the endpoint's region, and of its kind: EC2 API, error code InvalidServiceName."""
    name = str(r.inputs.get("serviceName") or "")
    start = f"com.amazonaws.{region_of(r)}."
    if not name.startswith(start) or (_kind(r) == GATEWAY and name.removeprefix(start) not in _BY_GATEWAY):
        raise CloudRefused(
            f"InvalidServiceName: The Vpc Endpoint Service '{name}' does not exist",
            hint=f"services of this region begin with {start}; by gateway endpoints there are s3 and dynamodb",
        )


def _dns_rule(world: World, r: Resource) -> None:
    """A service's own name leads to one endpoint of a VPC, where that resolves names: EC2 API, PrivateDnsEnabled."""
    vpc = world.store.follow(r, "vpcId", VPC)
    if not r.inputs.get("privateDnsEnabled") or vpc is None:
        return
    if not vpc.inputs.get("enableDnsHostnames") or vpc.inputs.get("enableDnsSupport") is False:
        raise CloudRefused(
            "InvalidParameter: Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC "
            f"attributes set to true for {vpc.id}",
            hint="enable_dns_hostnames of the VPC is false by default",
        )
    same = [one for one in world.store.all(ENDPOINT) if not r.is_same(one) and one.inputs.get("privateDnsEnabled")]
    key = r.inputs.get("vpcId"), r.inputs.get("serviceName")
    if key in {(one.inputs.get("vpcId"), one.inputs.get("serviceName")) for one in same}:
        raise CloudRefused(
            "InvalidParameter: private-dns-enabled cannot be set because there is already a conflicting DNS domain "
            f"for {key[1]} in the VPC {vpc.id}",
            hint="one endpoint for a service is enough: it may stand in several subnets",
        )


declare(
    ENDPOINT,
    fidelity=Fidelity.SIMULATED,
    rules=(
        exists("vpcId", VPC, _NOT_THERE.format("VpcID", "vpc ID"), _EC2),
        exists("subnetIds[]", SUBNET, _NOT_THERE.format("SubnetID", "subnet ID"), _EC2),
        exists("routeTableIds[]", ROUTE_TABLE, _NOT_THERE.format("RouteTableID", "routeTable ID"), _EC2),
        exists("securityGroupIds[]", GROUP, _NOT_THERE.format("Group", "security group"), _EC2),
        _service_rule,
        _dns_rule,
    ),
    illness=(
        "its group lets the tasks' group in to no 443, or theirs them out to none, or it stands in no subnet: no task "
        "behind it starts",
    ),
    effect="tasks in subnets without a way out get to that service by it",
    not_simulated="its policy, its addresses, what passes it; the minutes that it takes to be made",
    id_of=prefixed("vpce"),
    outputs=_outputs,
    limits={"vpcEndpointType": OneOf((GATEWAY, INTERFACE, "GatewayLoadBalancer", "Resource", "ServiceNetwork"), _EC2)},
    forces_new=because(f"{NO_MEMBER} ModifyVpcEndpoint", "vpcId", "serviceName", "vpcEndpointType"),
)
