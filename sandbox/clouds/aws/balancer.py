"""Application Load Balancers: an address, listeners with an issued certificate, and the service behind them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from sandbox.clouds.aws import fargate
from sandbox.clouds.aws.certificates import CERTIFICATE, PENDING, is_issued
from sandbox.clouds.aws.common import EVERYWHERE, arn, own_name, region_of
from sandbox.clouds.aws.network import SUBNET, has_gateway, reaches_internet, vpc_of
from sandbox.clouds.aws.security_groups import lets_in, lets_out, strangers
from sandbox.clouds.aws.targets import TARGET_GROUP
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.route53 import ELB_ZONE_ID
from sandbox.clouds.rules import NO_MEMBER, PORT, TERRAFORM_AWS, Mistake, Text, because, is_given
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, hex_id, nested, stable_hex
from sandbox.clouds.world import World
from sandbox.network.certificates import KeyPair
from sandbox.network.fronts import Binding, Front

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"

# docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html, in September 2025.
_TLS13 = ("1-3", "1-2", "1-2-Res", "1-2-Ext1", "1-2-Ext2", "1-1", "1-0")
_FIPS = ("1-3", "1-2", "1-2-Res", "1-2-Ext0", "1-2-Ext1", "1-2-Ext2", "1-1", "1-0")
_PQ = ("1-3", "1-2", "1-2-Res", "1-2-Ext1", "1-2-Ext2", "1-0")
_PQ_FIPS = ("1-3", "1-2", "1-2-Res", "1-2-Ext0", "1-2-Ext1", "1-2-Ext2", "1-1", "1-0")
_POLICIES = frozenset(
    f"ELBSecurityPolicy-{name}"
    for name in (
        *(f"TLS13-{versions}-2021-06" for versions in _TLS13),
        *(f"TLS13-{versions}-FIPS-2023-04" for versions in _FIPS),
        *(f"TLS13-{versions}-PQ-2025-09" for versions in _PQ),
        *(f"TLS13-{versions}-FIPS-PQ-2025-09" for versions in _PQ_FIPS),
        *("FS-1-2-Res-2020-10", "FS-1-2-Res-2019-08", "FS-1-2-2019-08", "FS-1-1-2019-08", "FS-2018-06"),
        *("TLS-1-2-Ext-2018-06", "TLS-1-2-2017-01", "TLS-1-1-2017-01", "2016-08", "2015-05", "TLS-1-0-2015-04"),
    )
)
_TLS13_ONLY = "ELBSecurityPolicy-TLS13-1-3-"


# -- rules -----------------------------------------------------------------------------------------------------------


def _subnets(r: Resource) -> list[str]:
    named = r.inputs.get("subnets") or [m.get("subnetId") for m in r.inputs.get("subnetMappings") or []]
    return [str(subnet) for subnet in named]


def _subnet_rules(world: World, r: Resource) -> None:
    """Two subnets or more, each in an Availability Zone of its own: ELBv2 API, CreateLoadBalancer.Subnets."""
    subnets = _subnets(r)
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


def _network_rules(world: World, r: Resource) -> None:
    """An internet-facing one needs an internet gateway in its VPC, and groups of that VPC: ELBv2 API, InvalidSubnet and
    InvalidSecurityGroup.
    """
    vpc = vpc_of(world, _subnets(r))
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


def _listener_rules(world: World, r: Resource) -> None:
    """The load balancer and the target groups exist, in one VPC: ELBv2 API, CreateListener."""
    world.store.require(
        BALANCER, r.inputs.get("loadBalancerArn"), "LoadBalancerNotFound: One or more load balancers not found"
    )
    for action in r.inputs.get("defaultActions") or []:
        group = _group_of(action)
        if group is not None:
            found = world.store.require(TARGET_GROUP, group, f"TargetGroupNotFound: Target groups '{group}' not found")
            _refuse_other_vpc(world, r, found)


def _refuse_other_vpc(world: World, listener: Resource, group: Resource) -> None:
    balancer = world.store.follow(listener, "loadBalancerArn", BALANCER)
    vpc = vpc_of(world, _subnets(balancer)) if balancer is not None else None
    if vpc is not None and group.inputs.get("vpcId") not in (None, vpc.id):
        raise CloudRefused(
            f"InvalidConfigurationRequest: The following target groups have a different VPC than the load balancer: "
            f"{group.id}",
            hint=f"make the target group in {vpc.id}",
        )


def _policy_rules(world: World, r: Resource) -> None:
    """The TLS policy is one of ELB's: "Security policies for your Application Load Balancer" in its user guide."""
    policy = r.inputs.get("sslPolicy")
    if policy and policy not in _POLICIES:
        near = difflib.get_close_matches(str(policy), sorted(_POLICIES), 1)
        raise CloudRefused(
            f"SSLPolicyNotFound: SSL policy '{policy}' not found", hint=f"did you mean {near[0]}?" if near else ""
        )


def _certificate_rules(world: World, r: Resource) -> None:
    """An HTTPS listener has an issued certificate of its own region: ELBv2 API, CertificateNotFound; ACM User Guide."""
    if r.inputs.get("protocol") != "HTTPS":
        return
    reference = r.inputs.get("certificateArn")
    if not reference:
        raise CloudRefused("CertificateNotFound: A certificate must be specified for HTTPS listeners")
    certificate = world.store.require(
        CERTIFICATE, reference, f"CertificateNotFound: Certificate '{reference}' not found"
    )
    if region_of(certificate) != region_of(r):
        raise CloudRefused(
            f"ValidationError: Certificate ARN '{certificate.id}' is not valid",
            hint=f"a load balancer in {region_of(r)} takes certificates of that region only: make one there",
        )
    if not is_issued(certificate):
        raise CloudRefused(
            f"UnsupportedCertificate: The certificate '{certificate.id}' must have a fully-qualified domain name, a "
            f"supported signature, and a supported key size, and be ISSUED; it is {PENDING}",
            hint="take certificate_arn from the CertificateValidation, so that the listener waits for it",
        )


# -- what a client meets ---------------------------------------------------------------------------------------------


def front(world: World, listener: Resource) -> Front:
    """What listens for `listener`. Raises CloudRefused, with the reason in words, where nobody would reach it."""
    balancer = world.store.require(BALANCER, listener.inputs["loadBalancerArn"], "its load balancer is gone")
    port = int(listener.inputs.get("port") or 443)
    _refuse_unreachable(world, balancer, port)
    where = (listener.key, listener.stack, balancer.place["address"], port, _bindings(world, listener))
    action: Values = next(iter(listener.inputs.get("defaultActions") or []), {})
    if action.get("type") == "redirect":
        return Front(*where, redirect=True)
    if action.get("type") == "fixed-response":
        return Front(*where, answer=int(nested(action, "fixedResponse", "statusCode") or 200))
    workload = _workload_behind(world, action, balancer.inputs.get("securityGroups") or [])
    return Front(*where, workload, tls13_only=str(listener.inputs.get("sslPolicy")).startswith(_TLS13_ONLY))


def _refuse_unreachable(world: World, balancer: Resource, port: int) -> None:
    if balancer.inputs.get("internal"):
        raise CloudRefused("its load balancer is internal")
    if not any(reaches_internet(world, subnet) for subnet in _subnets(balancer)):
        raise CloudRefused("no subnet of the load balancer has a route to an internet gateway")
    if not lets_in(world, balancer.inputs.get("securityGroups") or [], port, EVERYWHERE):
        raise CloudRefused(f"no security group of the load balancer lets TCP {port} in from {EVERYWHERE}")


def _bindings(world: World, listener: Resource) -> tuple[Binding, ...]:
    if listener.inputs.get("protocol") != "HTTPS":
        return ()
    certificate = world.store.require(CERTIFICATE, listener.inputs.get("certificateArn"), "its certificate is gone")
    if not is_issued(certificate):
        raise CloudRefused("its certificate is not issued")
    # A balancer presents its default certificate to every name.
    return (Binding("*", KeyPair.of(certificate.place)),)


def _group_of(action: Values) -> object:
    return action.get("targetGroupArn") or nested(action, "forward", "targetGroups", 0, "arn")


def _workload_behind(world: World, action: Values, balancer_groups: list[str]) -> str | None:
    """The service behind a forward action, if the balancer gets through to its tasks; None is a 503 from it."""
    group = world.store.find(TARGET_GROUP, _group_of(action))
    for service in world.store.all(fargate.SERVICE):
        for target in service.inputs.get("loadBalancers") or []:
            if group is not None and target.get("targetGroupArn") == group.id:
                tasks = nested(service.inputs, "networkConfiguration", "securityGroups") or []
                port = int(target.get("containerPort") or 0)
                let_in = any(lets_in(world, tasks, port, source) for source in balancer_groups)
                if let_in and any(lets_out(world, balancer_groups, port, target) for target in tasks):
                    return service.key
    return None


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


def _listener_id(world: World, r: Resource) -> str:
    return f"{str(r.inputs['loadBalancerArn']).replace(':loadbalancer/', ':listener/')}/{hex_id(16)}"


_BALANCER = Text(32, r"(?!internal-)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", "ELBv2 API, CreateLoadBalancer")


def _listener_combinations(inputs: Values) -> Iterator[Mistake]:
    """ELBv2 API, CreateListener.Certificates: "You must provide exactly one certificate" for an HTTPS listener."""
    if inputs.get("protocol") == "HTTPS" and not is_given(inputs, "certificateArn"):
        yield "certificateArn", "CertificateNotFound: a certificate must be specified for HTTPS listeners"


def _balancer_combinations(inputs: Values) -> Iterator[Mistake]:
    """hashicorp/terraform-provider-aws, internal/service/elbv2/load_balancer.go: ExactlyOneOf."""
    if is_given(inputs, "subnets") == is_given(inputs, "subnetMappings"):
        yield "subnets", "exactly one of `subnets` and `subnetMappings` must be given"


declare(
    BALANCER,
    fidelity=Fidelity.SIMULATED,
    effect="has a DNS name and a loopback address on which its listeners are open",
    not_simulated="HTTP features: header rules, access logs, idle timeouts; one address where the real one has several",
    rules=(_subnet_rules, _network_rules),
    id_of=_balancer_id,
    create=_create_balancer,
    outputs=_balancer_outputs,
    limits={"name": _BALANCER},
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
declare(
    LISTENER,
    fidelity=Fidelity.SIMULATED,
    illness=(
        "a TLS policy of TLS 1.3 alone: Route 53's checkers, which speak 1.2 at most, find the site unhealthy",
        "a port that no security group of the load balancer lets in: no connection (`make status` says why)",
    ),
    not_known=("TLS policies that ELB has had since September 2025: refused here",),
    effect="a real TLS listener with the certificate's key; a policy of TLS 1.3 alone shuts Route 53's checkers out",
    not_simulated="further rules and certificates of a listener; of its TLS policy ciphers and versions before 1.2",
    rules=(_listener_rules, _policy_rules, _certificate_rules),
    id_of=_listener_id,
    outputs=lambda world, r: {"arn": r.id},
    limits={"port": PORT},
    combinations=(_listener_combinations,),
    forces_new=because(f"{NO_MEMBER} ModifyListener", "loadBalancerArn"),
)
