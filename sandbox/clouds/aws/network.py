"""VPC, subnets, routes and security groups: what lets the world in to a load balancer, and it in to the tasks."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator

from sandbox.clouds.aws.common import EVERYWHERE, ec2_outputs, prefixed, region_of
from sandbox.clouds.eventual import EC2
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.references import exists
from sandbox.clouds.rules import ID, NO_MEMBER, NO_UPDATE, Network, OneOf, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, stable_hex
from sandbox.clouds.world import World

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
GATEWAY = "aws:ec2/internetGateway:InternetGateway"
ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
ROUTE = "aws:ec2/route:Route"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
ADDRESS = "aws:ec2/eip:Eip"
NAT = "aws:ec2/natGateway:NatGateway"

_AWS_KEEPS = 5  # of the addresses in a subnet
_PRIVATE = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))


# -- what may reach what ---------------------------------------------------------------------------------------------


def reaches_internet(world: World, subnet_id: str) -> bool:
    """Whether the subnet's route table sends 0.0.0.0/0 to an internet gateway of its VPC."""
    for association in world.store.all(ASSOCIATION):
        if association.inputs.get("subnetId") == subnet_id:
            table = world.store.follow(association, "routeTableId", ROUTE_TABLE)
            if table is not None and any(_leads_out(world, table, route) for route in _routes(world, table)):
                return True
    return False


def vpc_of(world: World, subnet_ids: Iterable[str]) -> Resource | None:
    """The VPC that these subnets are in: the first's, for no load balancer and no service has subnets of two."""
    for subnet_id in subnet_ids:
        subnet = world.store.find(SUBNET, subnet_id)
        return world.store.follow(subnet, "vpcId", VPC) if subnet is not None else None
    return None


def has_gateway(world: World, vpc: Resource) -> bool:
    """Whether an internet gateway is attached to the VPC."""
    return any(world.store.follow(gateway, "vpcId", VPC) is vpc for gateway in world.store.all(GATEWAY))


def count_addresses(world: World, subnet_ids: Iterable[str]) -> int | None:
    """How many addresses the subnets have to give: five of each are AWS's own. None where a range is not known.

    docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html.
    """
    subnets = [world.store.find(SUBNET, subnet_id) for subnet_id in subnet_ids]
    ranges = [_range_of(subnet) for subnet in subnets if subnet is not None]
    return sum(one.num_addresses - _AWS_KEEPS for one in ranges if one) if ranges and all(ranges) else None


def is_publicly_routable(world: World, subnet_id: str) -> bool:
    """Whether the subnet's range is outside of those that ELB takes as targets: RFC 1918 and 100.64.0.0/10."""
    subnet = world.store.find(SUBNET, subnet_id)
    mine = _range_of(subnet) if subnet is not None else None
    return mine is not None and not any(mine.subnet_of(one) for one in _PRIVATE)


def reaches_registries(world: World, subnet_id: str, *, public_ip: bool) -> bool:
    """Whether what runs in the subnet gets out to them: with its own address by the gateway, or by NAT."""
    if public_ip and reaches_internet(world, subnet_id):
        return True
    tables = [
        a.inputs.get("routeTableId") for a in world.store.all(ASSOCIATION) if a.inputs.get("subnetId") == subnet_id
    ]
    found = [table for reference in tables if (table := world.store.find(ROUTE_TABLE, reference)) is not None]
    return any(_leads_out_by_nat(world, route) for table in found for route in _routes(world, table))


def _leads_out_by_nat(world: World, route: Values) -> bool:
    """A NAT gateway gets out with the address that it has, from a subnet that leads to an internet gateway."""
    nat = world.store.find(NAT, route.get("natGatewayId"))
    if nat is None or route.get("cidrBlock") != EVERYWHERE:
        return False
    addressed = world.store.find(ADDRESS, nat.inputs.get("allocationId")) is not None
    return addressed and reaches_internet(world, str(nat.inputs.get("subnetId")))


def _routes(world: World, table: Resource) -> Iterator[Values]:
    yield from table.inputs.get("routes") or []
    for route in world.store.all(ROUTE):
        if route.inputs.get("routeTableId") == table.id:
            yield {**route.inputs, "cidrBlock": route.inputs.get("destinationCidrBlock")}


def _leads_out(world: World, table: Resource, route: Values) -> bool:
    gateway = world.store.find(GATEWAY, route.get("gatewayId"))
    if route.get("cidrBlock") != EVERYWHERE or gateway is None:
        return False
    return bool(gateway.inputs.get("vpcId") == table.inputs.get("vpcId"))


# -- types -----------------------------------------------------------------------------------------------------------


def _subnet_rules(world: World, r: Resource) -> None:
    """The VPC exists, the zone is one of the region, the range part of it and nobody else's: EC2 API, CreateSubnet."""
    vpc = world.store.require(VPC, r.inputs.get("vpcId"), "InvalidVpcID.NotFound: The vpc ID does not exist")
    zone = r.inputs.get("availabilityZone")
    if zone and not re.fullmatch(rf"{region_of(r)}(-[a-z]+-\d)?[a-z]", str(zone)):
        raise CloudRefused(
            f"InvalidParameterValue: Value ({zone}) for parameter availabilityZone is invalid. "
            f"Subnets can currently only be created in the zones of {region_of(r)}."
        )
    mine, whole = _range_of(r), _range_of(vpc)
    if mine is None or whole is None:
        return
    if not mine.subnet_of(whole):
        raise CloudRefused(f"InvalidSubnet.Range: The CIDR '{mine}' is invalid.", hint=f"take a part of {whole}")
    for other in world.store.all(SUBNET):
        theirs = _range_of(other)
        if other.inputs.get("vpcId") == vpc.id and other.id != r.id and theirs is not None and mine.overlaps(theirs):
            raise CloudRefused(f"InvalidSubnet.Conflict: The CIDR '{mine}' conflicts with another subnet")


def _range_of(r: Resource) -> ipaddress.IPv4Network | None:
    block = r.inputs.get("cidrBlock")
    return ipaddress.IPv4Network(block) if block else None


def _vpc_outputs(world: World, r: Resource) -> Values:
    """A VPC comes with a default of everything; their ids follow from its own."""
    digits = stable_hex(r.id, length=17)
    return ec2_outputs("vpc")(world, r) | {
        "mainRouteTableId": f"rtb-{digits}",
        "defaultRouteTableId": f"rtb-{digits}",
        "defaultSecurityGroupId": f"sg-{digits}",
        "defaultNetworkAclId": f"acl-{digits}",
    }


# docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html; botocore's documentation of ec2's CreateSubnet ("The
# allowed size for an IPv4 subnet is between a /28 netmask … and a /16 netmask"). The API would clear bits beyond the
# prefix; pulumi-aws refuses them (verify.ValidIPv4CIDRNetworkAddress in hashicorp/terraform-provider-aws).
_VPC_RANGE = Network(16, 28, "Amazon VPC User Guide, VPC CIDR blocks")
_SUBNET_RANGE = Network(16, 28, "EC2 API, CreateSubnet")
_EC2 = "EC2 API, error codes"
_vpc_exists = exists("vpcId", VPC, "InvalidVpcID.NotFound: The vpc ID '{}' does not exist", _EC2)
_subnet_exists = exists("subnetId", SUBNET, "InvalidSubnetID.NotFound: The subnet ID '{}' does not exist", _EC2)
_table_exists = exists(
    "routeTableId", ROUTE_TABLE, "InvalidRouteTableID.NotFound: The routeTable ID '{}' does not exist", _EC2
)
_NO_NAT = "NatGatewayNotFound: The NAT gateway '{}' does not exist"
_NO_GATEWAY = "InvalidGatewayID.NotFound: The gateway ID '{}' does not exist"


declare(
    VPC,
    fidelity=Fidelity.SIMULATED,
    not_known=("which ranges EC2 itself refuses beside those of a wrong size",),
    effect="subnets, groups and gateways belong to it or are refused",
    not_simulated="addresses inside it",
    id_of=prefixed("vpc"),
    outputs=_vpc_outputs,
    limits={"cidrBlock": _VPC_RANGE, "instanceTenancy": OneOf(("default", "dedicated"), "EC2 API, CreateVpc")},
    forces_new=because(f"{NO_MEMBER} ModifyVpcAttribute", "cidrBlock"),
)
declare(
    SUBNET,
    fidelity=Fidelity.SIMULATED,
    effect="the balancer is reached only through its route table",
    not_simulated="addresses inside it",
    id_of=prefixed("subnet"),
    outputs=ec2_outputs("subnet"),
    rules=(_subnet_rules,),
    limits={"cidrBlock": _SUBNET_RANGE},
    forces_new=because(f"{NO_MEMBER} ModifySubnetAttribute", "vpcId", "cidrBlock", "availabilityZone"),
)
declare(
    GATEWAY,
    fidelity=Fidelity.SIMULATED,
    rules=(_vpc_exists,),
    takes=EC2,
    effect="without it nobody reaches the balancer",
    id_of=prefixed("igw"),
    outputs=ec2_outputs("internet-gateway"),
    replacement_unknown=("vpcId",),
)
declare(
    ROUTE_TABLE,
    fidelity=Fidelity.SIMULATED,
    rules=(
        _vpc_exists,
        exists("routes[].gatewayId", GATEWAY, _NO_GATEWAY, _EC2),
        exists("routes[].natGatewayId", NAT, _NO_NAT, _EC2),
    ),
    illness=("no route to an internet gateway from any subnet of the load balancer: no connection",),
    effect="its route to an internet gateway, or to a NAT gateway, is looked up",
    not_simulated="other routes",
    id_of=prefixed("rtb"),
    outputs=ec2_outputs("route-table"),
    forces_new=because(NO_UPDATE, "vpcId"),
)
declare(
    ROUTE,
    fidelity=Fidelity.SIMULATED,
    rules=(
        _table_exists,
        exists("gatewayId", GATEWAY, _NO_GATEWAY, _EC2),
        exists("natGatewayId", NAT, _NO_NAT, _EC2),
    ),
    effect="counts as a route of its table",
    id_of=prefixed("r-rtb"),
    forces_new=because(
        ID, "routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"
    ),
)
declare(
    ASSOCIATION,
    fidelity=Fidelity.SIMULATED,
    takes=EC2,
    rules=(
        _subnet_exists,
        _table_exists,
    ),
    effect="gives a subnet its route table",
    id_of=prefixed("rtbassoc"),
    forces_new=because(f"{NO_MEMBER} ReplaceRouteTableAssociation", "subnetId"),
)


def _address_outputs(world: World, r: Resource) -> Values:
    known = ec2_outputs("elastic-ip")(world, r) | {"allocationId": r.id, "publicIp": str(r.place["address"])}
    return {name: value for name, value in known.items() if name != "ownerId"}


def _nat_outputs(world: World, r: Resource) -> Values:
    return {name: value for name, value in ec2_outputs("natgateway")(world, r).items() if name in ("region", "tagsAll")}


def _lease(world: World, r: Resource) -> None:
    r.place["address"] = world.addresses.lease()


def _gateway_attached(world: World, r: Resource) -> None:
    """The VPC has an internet gateway, by which a NAT gateway gets out: EC2 API, error code Gateway.NotAttached."""
    vpc = vpc_of(world, [str(r.inputs.get("subnetId"))])
    if vpc is not None and r.inputs.get("connectivityType") != "private" and not has_gateway(world, vpc):
        raise CloudRefused(
            f"Gateway.NotAttached: Network {vpc.id} has no Internet gateway attached",
            hint="make the NAT gateway depend on the internet gateway: nothing else says so",
        )


declare(
    ADDRESS,
    fidelity=Fidelity.SIMULATED,
    effect="a NAT gateway without it leads nobody out",
    not_simulated="an instance or a network interface that has it; the quota of five in a region",
    id_of=prefixed("eipalloc"),
    create=_lease,
    outputs=_address_outputs,
    limits={"domain": OneOf(("vpc", "standard"), "EC2 API, AllocateAddress")},
    replacement_unknown=("domain", "networkBorderGroup", "publicIpv4Pool"),
)
declare(
    NAT,
    fidelity=Fidelity.SIMULATED,
    rules=(
        exists("allocationId", ADDRESS, "InvalidAllocationID.NotFound: The allocation ID '{}' does not exist", _EC2),
        _subnet_exists,
        _gateway_attached,
    ),
    illness=("in a subnet without a route to an internet gateway: no task behind it gets its image",),
    effect="tasks without addresses get to their image by it",
    not_simulated="what passes it; the minutes that it takes to be made",
    id_of=prefixed("nat"),
    outputs=_nat_outputs,
    limits={"connectivityType": OneOf(("public", "private"), "EC2 API, CreateNatGateway")},
    forces_new=because(NO_UPDATE, "subnetId", "connectivityType"),
    replacement_unknown=("allocationId",),
)
