"""Application Load Balancers: an address, listeners with an issued certificate, and the service behind them."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.clouds.aws import fargate
from sandbox.clouds.aws.certificates import CERTIFICATE, PENDING, is_issued
from sandbox.clouds.aws.common import EVERYWHERE, arn, own_name, region_of
from sandbox.clouds.aws.network import SUBNET, lets_in, lets_out, reaches_internet
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

# docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html: every policy's name begins so,
# and those of TLS 1.3 alone so.
_POLICY, _TLS13_ONLY = "ELBSecurityPolicy-", "ELBSecurityPolicy-TLS13-1-3-"


# -- rules -----------------------------------------------------------------------------------------------------------


def _subnets(r: Resource) -> list[str]:
    named = r.inputs.get("subnets") or [m.get("subnetId") for m in r.inputs.get("subnetMappings") or []]
    return [str(subnet) for subnet in named]


def _balancer_rules(world: World, r: Resource) -> None:
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


def _listener_rules(world: World, r: Resource) -> None:
    world.store.require(
        BALANCER, r.inputs.get("loadBalancerArn"), "LoadBalancerNotFound: One or more load balancers not found"
    )
    for action in r.inputs.get("defaultActions") or []:
        group = _group_of(action)
        if group is not None:
            world.store.require(TARGET_GROUP, group, f"TargetGroupNotFound: Target groups '{group}' not found")
    if r.inputs.get("protocol") == "HTTPS":
        _certificate_rules(world, r)


def _certificate_rules(world: World, r: Resource) -> None:
    policy = r.inputs.get("sslPolicy")
    if policy and not str(policy).startswith(_POLICY):
        raise CloudRefused(f"SSLPolicyNotFound: SSL policy '{policy}' not found")
    reference = r.inputs.get("certificateArn")
    if not reference:
        raise CloudRefused("CertificateNotFound: A certificate must be specified for HTTPS listeners")
    certificate = world.store.require(
        CERTIFICATE, reference, f"CertificateNotFound: Certificate '{reference}' not found"
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
    rules=_balancer_rules,
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
    effect="a real TLS listener with the certificate's key; a policy of TLS 1.3 alone shuts Route 53's checkers out",
    not_simulated="further rules and certificates of a listener; of its TLS policy ciphers and versions before 1.2",
    rules=_listener_rules,
    id_of=_listener_id,
    outputs=lambda world, r: {"arn": r.id},
    limits={"port": PORT},
    combinations=(_listener_combinations,),
    forces_new=because(f"{NO_MEMBER} ModifyListener", "loadBalancerArn"),
)
