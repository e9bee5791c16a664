"""Security groups and their rules: who reaches the load balancer, it the tasks, and they the registry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sandbox.clouds.aws.common import EVERYWHERE, arn, ec2_outputs, prefixed
from sandbox.clouds.aws.network import VPC
from sandbox.clouds.eventual import EC2
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.references import exists
from sandbox.clouds.rules import (
    NO_UPDATE,
    SDK,
    TERRAFORM_AWS,
    Mistake,
    Network,
    Range,
    Text,
    because,
    is_given,
    is_known,
)
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values
from sandbox.clouds.world import World

GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_ANY_PROTOCOL = "-1"
# botocore's documentation of ec2's CreateSecurityGroup.
_GROUP_TEXT = r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]*"
_GROUP_NAME = Text(255, rf"(?!sg-){_GROUP_TEXT}", "EC2 API, CreateSecurityGroup")
_GROUP_DESCRIPTION = Text(255, _GROUP_TEXT, "EC2 API, CreateSecurityGroup")
_ANY_RANGE = Network(0, 32, "pulumi-aws, SecurityGroupIngressRule")
# hashicorp/terraform-provider-aws, internal/service/ec2/vpc_security_group_ingress_rule.go: Between(-1, 65535).
_RULE_PORT = Range(-1, 65535, "pulumi-aws, SecurityGroupIngressRule")
# EC2 API, IpPermission.IpProtocol: a name of these four or a number; others are "Unknown protocol".
_PROTOCOL = Text(6, r"(?i)-1|tcp|udp|icmp|icmpv6|\d|\d\d|1\d\d|2[0-4]\d|25[0-5]", "EC2 API, IpPermission.IpProtocol")
_SECURITY_RULE = {"cidrIpv4": _ANY_RANGE, "fromPort": _RULE_PORT, "toPort": _RULE_PORT, "ipProtocol": _PROTOCOL}
# Of a security group's rule a change of the *kind* of source (a range of addresses, a group) replaces it too; a change
# of its value does not (vpc_security_group_ingress_rule.go, ModifyPlan). The table knows inputs only.
_SOURCES = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
_PEERS = tuple(source for source in _SOURCES if source != "cidrIpv6")  # nothing here has an address of version 6


# -- what may reach what ---------------------------------------------------------------------------------------------


def lets_in(world: World, groups: Iterable[str], port: int, source: str) -> bool:
    """Whether one of the security groups has an ingress rule for TCP `port` from `source` (a CIDR or a group)."""
    return _permits(world, groups, port, source, INGRESS, "ingress")


def lets_out(world: World, groups: Iterable[str], port: int, target: str) -> bool:
    """Whether one of the security groups has an egress rule for TCP `port` to `target`: a CIDR, a group, a prefix list.

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
            peer = next(filter(None, map(rule.inputs.get, _PEERS)), None)
            yield {"peer": peer, "protocol": rule.inputs.get("ipProtocol"), **rule.inputs}


def strangers(world: World, groups: Iterable[str], vpc: Resource) -> list[str]:
    """The security groups that are of another VPC than `vpc`, or of none."""
    found = ((group, world.store.find(GROUP, group)) for group in groups)
    return [group for group, known in found if known is None or world.store.follow(known, "vpcId", VPC) is not vpc]


# -- types -----------------------------------------------------------------------------------------------------------


def _rule_rules(world: World, r: Resource) -> None:
    """Both groups exist, in one VPC: EC2 API, error codes InvalidGroup.NotFound and InvalidParameterValue."""
    told = f"InvalidGroup.NotFound: The security group '{r.inputs.get('securityGroupId')}' does not exist"
    own = world.store.require(GROUP, r.inputs.get("securityGroupId"), told)
    peer = r.inputs.get("referencedSecurityGroupId")
    vpc = world.store.follow(own, "vpcId", VPC)
    if peer and vpc is not None and strangers(world, [str(peer)], vpc):
        raise CloudRefused(
            f"InvalidGroup.NotFound: You have specified two resources that belong to different networks: {own.id} and "
            f"{peer}",
            hint="refer to a security group of the same VPC",
        )


def _rule_outputs(world: World, r: Resource) -> Values:
    return {"arn": arn("ec2", r, f"security-group-rule/{r.id}"), "securityGroupRuleId": r.id}


def _security_rule_combinations(inputs: Values) -> Iterator[Mistake]:
    """hashicorp/terraform-provider-aws, vpc_security_group_ingress_rule.go: ExactlyOneOf; EC2 API, IpPermission."""
    if sum(is_given(inputs, name) for name in _SOURCES) != 1:
        yield "cidrIpv4", f"exactly one of {', '.join(f'`{name}`' for name in _SOURCES)} must be given"
    ports = [name for name in ("fromPort", "toPort") if inputs.get(name) is not None]
    if str(inputs.get("ipProtocol")) == "-1" and ports:
        yield ports[0], "is not to be given where `ipProtocol` is -1, which is every port"
    if inputs.get("ipProtocol") not in ("tcp", "udp"):
        return
    first, last = inputs.get("fromPort"), inputs.get("toPort")
    if len(ports) < 2:
        yield "fromPort", "a range of ports, `fromPort` and `toPort`, is needed for tcp and udp"
    elif is_known(first, last) and not 0 <= float(first or 0) <= float(last or 0):
        yield "fromPort", f"InvalidParameterValue: Invalid TCP/UDP port range ({first:g},{last:g})"


declare(
    GROUP,
    fidelity=Fidelity.SIMULATED,
    rules=(exists("vpcId", VPC, "InvalidVpcID.NotFound: The vpc ID '{}' does not exist", "EC2 API, error codes"),),
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
    illness=(
        "a port that no task listens on, or of another group than the load balancer's: 503 from the load balancer",
    ),
    effect="lets a port in, or traffic from another group",
    id_of=prefixed("sgr"),
    outputs=_rule_outputs,
    rules=(_rule_rules,),
    takes=EC2,
    limits=_SECURITY_RULE,
    combinations=(_security_rule_combinations,),
    forces_new=because(f"{TERRAFORM_AWS}/ec2/vpc_security_group_ingress_rule.go", "securityGroupId"),
    replacement_unknown=_SOURCES,
)
declare(
    EGRESS,
    fidelity=Fidelity.SIMULATED,
    effect="lets the balancer out to its tasks, and the tasks to the registry or to the endpoints of their VPC",
    not_simulated="what else goes out; whether there is such a prefix list",
    id_of=prefixed("sgr"),
    outputs=_rule_outputs,
    rules=(_rule_rules,),
    takes=EC2,
    limits=_SECURITY_RULE,
    combinations=(_security_rule_combinations,),
    forces_new=because(f"{TERRAFORM_AWS}/ec2/vpc_security_group_egress_rule.go", "securityGroupId"),
    replacement_unknown=_SOURCES,
)
