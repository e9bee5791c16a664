"""VPC, subnets, routes and security groups: what lets the world in to a load balancer, and it in to the tasks."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from sandbox.clouds.aws.common import EVERYWHERE, arn, ec2_outputs, prefixed, region_of
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import (
    ID,
    NO_MEMBER,
    NO_UPDATE,
    SDK,
    TERRAFORM_AWS,
    Mistake,
    Network,
    Range,
    Text,
    because,
    is_given,
)
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, stable_hex
from sandbox.clouds.world import World

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
GATEWAY = "aws:ec2/internetGateway:InternetGateway"
ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
ROUTE = "aws:ec2/route:Route"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"

_ANY_PROTOCOL = "-1"


# -- what may reach what ---------------------------------------------------------------------------------------------


def reaches_internet(world: World, subnet_id: str) -> bool:
    """Whether the subnet's route table sends 0.0.0.0/0 to an internet gateway of its VPC."""
    for association in world.store.all(ASSOCIATION):
        if association.inputs.get("subnetId") == subnet_id:
            table = world.store.follow(association, "routeTableId", ROUTE_TABLE)
            if table is not None and any(_leads_out(world, table, route) for route in _routes(world, table)):
                return True
    return False


def reaches_registries(world: World, subnet_id: str, *, public_ip: bool) -> bool:
    """Whether what runs in the subnet gets there: with its own address by the gateway, by NAT, or by an endpoint."""
    if public_ip and reaches_internet(world, subnet_id):
        return True
    tables = [
        a.inputs.get("routeTableId") for a in world.store.all(ASSOCIATION) if a.inputs.get("subnetId") == subnet_id
    ]
    found = [table for reference in tables if (table := world.store.find(ROUTE_TABLE, reference)) is not None]
    subnet = world.store.find(SUBNET, subnet_id)
    vpc = subnet.inputs.get("vpcId") if subnet is not None else None
    return any(route.get("natGatewayId") for table in found for route in _routes(world, table)) or any(
        endpoint.inputs.get("vpcId") == vpc for endpoint in world.store.all(ENDPOINT)
    )


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


def lets_in(world: World, groups: Iterable[str], port: int, source: str) -> bool:
    """Whether one of the security groups has an ingress rule for TCP `port` from `source` (a CIDR or a group)."""
    return _permits(world, groups, port, source, INGRESS, "ingress")


def lets_out(world: World, groups: Iterable[str], port: int, target: str) -> bool:
    """Whether one of the security groups has an egress rule for TCP `port` to `target` (a CIDR or a group).

    A new group has none: pulumi-aws removes the one that EC2 gives it (SecurityGroup, "NOTE on Egress rules").
    """
    return _permits(world, groups, port, target, EGRESS, "egress")


def _permits(world: World, groups: Iterable[str], port: int, peer: str, type_: str, inline: str) -> bool:
    rules = (rule for group in groups for rule in _rules_of(world, group, type_, inline))
    return any(rule["peer"] in (peer, EVERYWHERE) and _covers(rule, port) for rule in rules)


def _covers(rule: Values, port: int) -> bool:
    if str(rule.get("protocol")) == _ANY_PROTOCOL:
        return True
    return rule.get("protocol") == "tcp" and rule.get("fromPort", 0) <= port <= rule.get("toPort", 65535)


def _rules_of(world: World, group: str, type_: str, inline: str) -> Iterator[Values]:
    """A group's rules, written inside of it or as resources of their own, each with its one `peer`."""
    found = world.store.find(GROUP, group)
    if found is None:
        return
    for own in found.inputs.get(inline) or []:
        for peer in [*(own.get("cidrBlocks") or []), *(own.get("securityGroups") or [])]:
            yield {"peer": peer, **own}
    for rule in world.store.all(type_):
        if rule.inputs.get("securityGroupId") == found.id:
            peer = rule.inputs.get("cidrIpv4") or rule.inputs.get("referencedSecurityGroupId")
            yield {"peer": peer, "protocol": rule.inputs.get("ipProtocol"), **rule.inputs}


# -- types -----------------------------------------------------------------------------------------------------------


def _subnet_rules(world: World, r: Resource) -> None:
    vpc = world.store.require(VPC, r.inputs.get("vpcId"), "InvalidVpcID.NotFound: The vpc ID does not exist")
    zone = r.inputs.get("availabilityZone")
    if zone and not str(zone).startswith(region_of(r)):
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


def _rule_outputs(world: World, r: Resource) -> Values:
    return {"arn": arn("ec2", r, f"security-group-rule/{r.id}"), "securityGroupRuleId": r.id}


# botocore's documentation of ec2's CreateSecurityGroup.
_GROUP_TEXT = r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]*"
_GROUP_NAME = Text(255, rf"(?!sg-){_GROUP_TEXT}", "EC2 API, CreateSecurityGroup")
_GROUP_DESCRIPTION = Text(255, _GROUP_TEXT, "EC2 API, CreateSecurityGroup")
# docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html; botocore's documentation of ec2's CreateSubnet ("The
# allowed size for an IPv4 subnet is between a /28 netmask … and a /16 netmask"). The API would clear bits beyond the
# prefix; pulumi-aws refuses them (verify.ValidIPv4CIDRNetworkAddress in hashicorp/terraform-provider-aws).
_VPC_RANGE = Network(16, 28, "Amazon VPC User Guide, VPC CIDR blocks")
_SUBNET_RANGE = Network(16, 28, "EC2 API, CreateSubnet")
_ANY_RANGE = Network(0, 32, "pulumi-aws, SecurityGroupIngressRule")
# hashicorp/terraform-provider-aws, internal/service/ec2/vpc_security_group_ingress_rule.go: Between(-1, 65535).
_RULE_PORT = Range(-1, 65535, "pulumi-aws, SecurityGroupIngressRule")
_SECURITY_RULE = {"cidrIpv4": _ANY_RANGE, "fromPort": _RULE_PORT, "toPort": _RULE_PORT}
# Of a security group's rule a change of the *kind* of source (a range of addresses, a group) replaces it too; a change
# of its value does not (vpc_security_group_ingress_rule.go, ModifyPlan). The table knows inputs only.
_SOURCES = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")


def _security_rule_combinations(inputs: Values) -> Iterator[Mistake]:
    """hashicorp/terraform-provider-aws, vpc_security_group_ingress_rule.go: ExactlyOneOf; EC2 API, IpPermission."""
    sources = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
    if sum(is_given(inputs, name) for name in sources) != 1:
        yield "cidrIpv4", f"exactly one of {', '.join(f'`{name}`' for name in sources)} must be given"
    ports = [name for name in ("fromPort", "toPort") if inputs.get(name) is not None]
    if str(inputs.get("ipProtocol")) == "-1" and ports:
        yield ports[0], "is not to be given where `ipProtocol` is -1, which is every port"
    if inputs.get("ipProtocol") in ("tcp", "udp") and len(ports) < 2:
        yield "fromPort", "a range of ports, `fromPort` and `toPort`, is needed for tcp and udp"


declare(
    VPC,
    fidelity=Fidelity.SIMULATED,
    effect="subnets, groups and gateways belong to it or are refused",
    not_simulated="addresses inside it",
    id_of=prefixed("vpc"),
    outputs=_vpc_outputs,
    limits={"cidrBlock": _VPC_RANGE},
    forces_new=because(f"{NO_MEMBER} ModifyVpcAttribute", "cidrBlock"),
)
declare(
    SUBNET,
    fidelity=Fidelity.SIMULATED,
    effect="the balancer is reached only through its route table",
    not_simulated="addresses inside it",
    id_of=prefixed("subnet"),
    outputs=ec2_outputs("subnet"),
    rules=_subnet_rules,
    limits={"cidrBlock": _SUBNET_RANGE},
    forces_new=because(f"{NO_MEMBER} ModifySubnetAttribute", "vpcId", "cidrBlock", "availabilityZone"),
)
declare(
    GATEWAY,
    fidelity=Fidelity.SIMULATED,
    effect="without it nobody reaches the balancer",
    id_of=prefixed("igw"),
    outputs=ec2_outputs("internet-gateway"),
    replacement_unknown=("vpcId",),
)
declare(
    ROUTE_TABLE,
    fidelity=Fidelity.SIMULATED,
    effect="its route to the gateway is looked up",
    not_simulated="other routes",
    id_of=prefixed("rtb"),
    outputs=ec2_outputs("route-table"),
    forces_new=because(NO_UPDATE, "vpcId"),
)
declare(
    ROUTE,
    fidelity=Fidelity.SIMULATED,
    effect="counts as a route of its table",
    id_of=prefixed("r-rtb"),
    forces_new=because(
        ID, "routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"
    ),
)
declare(
    ASSOCIATION,
    fidelity=Fidelity.SIMULATED,
    effect="gives a subnet its route table",
    id_of=prefixed("rtbassoc"),
    forces_new=because(f"{NO_MEMBER} ReplaceRouteTableAssociation", "subnetId"),
)
declare(
    GROUP,
    fidelity=Fidelity.SIMULATED,
    effect="the balancer and the tasks are reached, and reach out, only on ports that its rules let through",
    id_of=prefixed("sg"),
    outputs=ec2_outputs("security-group"),
    limits={"name": _GROUP_NAME, "description": _GROUP_DESCRIPTION},
    forces_new=because(NO_UPDATE, "name", "namePrefix", "vpcId")
    | because(f"{SDK}: 'for which there is no Update API'", "description"),
)
declare(
    INGRESS,
    fidelity=Fidelity.SIMULATED,
    effect="lets a port in, or traffic from another group",
    id_of=prefixed("sgr"),
    outputs=_rule_outputs,
    limits=_SECURITY_RULE,
    combinations=(_security_rule_combinations,),
    forces_new=because(f"{TERRAFORM_AWS}/ec2/vpc_security_group_ingress_rule.go", "securityGroupId"),
    replacement_unknown=_SOURCES,
)
declare(
    EGRESS,
    fidelity=Fidelity.SIMULATED,
    effect="lets the balancer out to its tasks, and the tasks to the registry",
    not_simulated="what else goes out",
    id_of=prefixed("sgr"),
    outputs=_rule_outputs,
    limits=_SECURITY_RULE,
    combinations=(_security_rule_combinations,),
    forces_new=because(f"{TERRAFORM_AWS}/ec2/vpc_security_group_egress_rule.go", "securityGroupId"),
    replacement_unknown=_SOURCES,
)
