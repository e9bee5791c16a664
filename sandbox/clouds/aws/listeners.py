"""Listeners of Application Load Balancers: what a client meets, with an issued certificate and the service behind."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from sandbox.clouds.aws.balancer import BALANCER, subnets_of
from sandbox.clouds.aws.certificates import CERTIFICATE, PENDING, is_issued
from sandbox.clouds.aws.common import EVERYWHERE, region_of
from sandbox.clouds.aws.firewall import rate_rule
from sandbox.clouds.aws.health import LISTENER, gets_through, group_of
from sandbox.clouds.aws.network import reaches_internet, vpc_of
from sandbox.clouds.aws.security_groups import lets_in
from sandbox.clouds.aws.targets import PROTOCOLS, TARGET_GROUP
from sandbox.clouds.aws.task_count import SERVICE
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import NO_MEMBER, PORT, Mistake, OneOf, Text, because, is_given
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, hex_id, nested
from sandbox.clouds.world import World
from sandbox.network.certificates import KeyPair
from sandbox.network.listeners import Binding, EntryPoint

# docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html, as it was in September 2026.
# 2015-05 and TLS-1-0-2015-04 are of Network and Classic Load Balancers only.
_TLS13 = ("1-3", "1-2", "1-2-Res", "1-2-Ext1", "1-2-Ext2", "1-1", "1-0")
_FIPS = ("1-3", "1-2", "1-2-Res", "1-2-Ext0", "1-2-Ext1", "1-2-Ext2", "1-1", "1-0")
_PQ = ("1-3", "1-2", "1-2-Res", "1-2-Ext1", "1-2-Ext2", "1-0")
_PQ_FIPS = ("1-3", "1-2", "1-2-Res", "1-2-Ext0", "1-2-Ext1", "1-2-Ext2", "1-0")
_RFC9151 = ("1-3-RFC9151", "1-2-RFC9151", "1-2-Ext0-RFC9151", *(f"1-2-RFC9151-INTEROP{n}" for n in range(1, 5)))
_POLICIES = frozenset(
    f"ELBSecurityPolicy-{name}"
    for name in (
        *(f"TLS13-{versions}-2021-06" for versions in _TLS13),
        *(f"TLS13-{versions}-FIPS-2023-04" for versions in _FIPS),
        *(f"TLS13-{versions}-PQ-2025-09" for versions in _PQ),
        *(f"TLS13-{versions}-FIPS-PQ-2025-09" for versions in _PQ_FIPS),
        *(f"TLS13-{versions}-FIPS-2023-07" for versions in _RFC9151),
        *("FS-1-2-Res-2020-10", "FS-1-2-Res-2019-08", "FS-1-2-2019-08", "FS-1-1-2019-08", "FS-2018-06"),
        *("TLS-1-2-Ext-2018-06", "TLS-1-2-2017-01", "TLS-1-1-2017-01", "2016-08"),
    )
)
_SPOKEN = ("HTTP", "HTTPS")  # by an Application Load Balancer; ELBv2 API, CreateListener.Protocol
_TLS13_ONLY = "ELBSecurityPolicy-TLS13-1-3-"


# -- rules -----------------------------------------------------------------------------------------------------------


def _listener_rules(world: World, r: Resource) -> None:
    """The load balancer and the target groups exist, in one VPC, and it has the protocol: ELBv2 API, CreateListener."""
    balancer = world.store.require(
        BALANCER, r.inputs.get("loadBalancerArn"), "LoadBalancerNotFound: One or more load balancers not found"
    )
    protocol = r.inputs.get("protocol")
    if balancer.inputs.get("loadBalancerType", "application") == "application" and protocol not in _SPOKEN:
        raise CloudRefused(f"ValidationError: Listener protocol '{protocol}' must be one of '{', '.join(_SPOKEN)}'")
    for action in r.inputs.get("defaultActions") or []:
        group = group_of(action)
        if group is not None:
            found = world.store.require(TARGET_GROUP, group, f"TargetGroupNotFound: Target groups '{group}' not found")
            _refuse_other_vpc(world, r, found)


def _refuse_other_vpc(world: World, listener: Resource, group: Resource) -> None:
    balancer = world.store.follow(listener, "loadBalancerArn", BALANCER)
    vpc = vpc_of(world, subnets_of(balancer)) if balancer is not None else None
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


def entry_point(world: World, listener: Resource) -> EntryPoint:
    """What listens for `listener`. Raises CloudRefused, with the reason in words, where nobody would reach it."""
    balancer = world.store.require(BALANCER, listener.inputs["loadBalancerArn"], "its load balancer is gone")
    port = int(listener.inputs.get("port") or 443)
    _refuse_unreachable(world, balancer, port)
    where = (listener.key, listener.stack, balancer.place["address"], port, _bindings(world, listener))
    action: Values = next(iter(listener.inputs.get("defaultActions") or []), {})
    if action.get("type") == "redirect":
        return EntryPoint(*where, redirect=True, cloud="aws")
    header = _own_header(listener)
    if action.get("type") == "fixed-response":
        return EntryPoint(
            *where, answer=int(nested(action, "fixedResponse", "statusCode") or 200), header=header, cloud="aws"
        )
    return EntryPoint(
        *where,
        _workload_behind(world, action, balancer),
        tls13_only=str(listener.inputs.get("sslPolicy")).startswith(_TLS13_ONLY),
        rate=rate_rule(world, balancer),
        header=header,
        cloud="aws",
    )


def _own_header(listener: Resource) -> str:
    """What a listener adds to its answers. Those of the service have the same header, with the same value."""
    value = listener.inputs.get("routingHttpResponseStrictTransportSecurityHeaderValue")
    return f"strict-transport-security: {value}\r\n" if value else ""


def _refuse_unreachable(world: World, balancer: Resource, port: int) -> None:
    if balancer.inputs.get("internal"):
        raise CloudRefused("its load balancer is internal")
    if not any(reaches_internet(world, subnet) for subnet in subnets_of(balancer)):
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


def _workload_behind(world: World, action: Values, balancer: Resource) -> str | None:
    """The service behind a forward action, if the balancer gets through to its tasks; None is a 503 from it."""
    group = world.store.find(TARGET_GROUP, group_of(action))
    for service in world.store.all(SERVICE):
        for target in service.inputs.get("loadBalancers") or []:
            behind = group is not None and target.get("targetGroupArn") == group.id
            if behind and gets_through(world, balancer, service, target):
                return service.key
    return None


# -- the type --------------------------------------------------------------------------------------------------------


def _listener_id(world: World, r: Resource) -> str:
    return f"{str(r.inputs['loadBalancerArn']).replace(':loadbalancer/', ':listener/')}/{hex_id(16)}"


def _listener_combinations(inputs: Values) -> Iterator[Mistake]:
    """ELBv2 API, CreateListener.Certificates: "You must provide exactly one certificate" for an HTTPS listener."""
    if inputs.get("protocol") == "HTTPS" and not is_given(inputs, "certificateArn"):
        yield "certificateArn", "CertificateNotFound: a certificate must be specified for HTTPS listeners"


_PROTOCOL = OneOf(
    PROTOCOLS,
    "botocore: elbv2 CreateListener Protocol",
)
_ACTION = OneOf(
    (
        "forward",
        "authenticate-oidc",
        "authenticate-cognito",
        "redirect",
        "fixed-response",
        "jwt-validation",
    ),
    "botocore: elbv2 CreateListener DefaultActions.Type",
)
_TO_PROTOCOL = OneOf(("HTTP", "HTTPS", "#{protocol}"), "ELBv2 API, RedirectActionConfig.Protocol")
_TO_PORT = Text(
    7,
    r"#\{port\}|[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]",
    "ELBv2 API, RedirectActionConfig.Port",
)
_REDIRECT = OneOf(
    (
        "HTTP_301",
        "HTTP_302",
    ),
    "botocore: elbv2 CreateListener DefaultActions.RedirectConfig.StatusCode",
)

declare(
    LISTENER,
    fidelity=Fidelity.SIMULATED,
    illness=(
        "a TLS policy of TLS 1.3 alone: Route 53's checkers, which speak 1.2 at most, find the site unhealthy",
        "a port that no security group of the load balancer lets in: no connection (`make status` says why)",
    ),
    not_known=("TLS policies that ELB has had since September 2026: refused here",),
    effect="a real TLS listener with the certificate's key; a policy of TLS 1.3 alone shuts Route 53's checkers out; "
    "its own answers have the HSTS header that it is told",
    not_simulated="further rules and certificates of a listener; of its TLS policy ciphers and versions before 1.2",
    rules=(_listener_rules, _policy_rules, _certificate_rules),
    id_of=_listener_id,
    outputs=lambda world, r: {"arn": r.id},
    limits={
        "port": PORT,
        "protocol": _PROTOCOL,
        "defaultActions[].type": _ACTION,
        "defaultActions[].redirect.statusCode": _REDIRECT,
        "defaultActions[].redirect.protocol": _TO_PROTOCOL,
        "defaultActions[].redirect.port": _TO_PORT,
    },
    combinations=(_listener_combinations,),
    forces_new=because(f"{NO_MEMBER} ModifyListener", "loadBalancerArn"),
)
