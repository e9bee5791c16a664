"""Inputs that go together, or not: what the clouds' APIs ask of several properties at once, each with its source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from infra import sizes
from infra.contract import Size
from sandbox.clouds.world import Values, nested
from sandbox.engine.wire import UNKNOWN

Mistake = tuple[str, str]  # path, reason
Check = Callable[[Values], Iterator[Mistake]]

_ROUTING_POLICIES = (
    "cidrRoutingPolicy",
    "failoverRoutingPolicies",
    "geolocationRoutingPolicies",
    "geoproximityRoutingPolicy",
    "latencyRoutingPolicies",
    "multivalueAnswerRoutingPolicy",
    "weightedRoutingPolicies",
)


def _is_given(inputs: Values, name: str) -> bool:
    value = inputs.get(name)
    return value is not None and value is not False and value not in ([], {}, "")


def _is_known(*values: Any) -> bool:
    return all(value is not None and value is not UNKNOWN for value in values)


def _record(inputs: Values) -> Iterator[Mistake]:
    """hashicorp/terraform-provider-aws, internal/service/route53/record.go: ExactlyOneOf, RequiredWith and such."""
    if _is_given(inputs, "aliases") == _is_given(inputs, "records"):
        yield "records", "exactly one of `aliases` and `records` must be given"
    if _is_given(inputs, "records") and inputs.get("ttl") is None:
        yield "ttl", "is needed beside `records`"
    if _is_given(inputs, "aliases") and inputs.get("ttl") is not None:
        yield "ttl", "an alias has none: it answers with its target's"
    policies = [name for name in _ROUTING_POLICIES if _is_given(inputs, name)]
    if len(policies) > 1:
        yield policies[1], f"conflicts with `{policies[0]}`: a record has one routing policy"
    if policies and not _is_given(inputs, "setIdentifier"):
        yield "setIdentifier", f"is needed beside `{policies[0]}`"


def _health_check(inputs: Values) -> Iterator[Mistake]:
    """Route 53 API, HealthCheckConfig: SearchString, AlarmIdentifier, FullyQualifiedDomainName or IPAddress."""
    kind = str(inputs.get("type", ""))
    if kind.endswith("STR_MATCH") and not _is_given(inputs, "searchString"):
        yield "searchString", f"InvalidInput: must be specified for {kind} checks"
    alarm = _is_given(inputs, "cloudwatchAlarmName") and _is_given(inputs, "cloudwatchAlarmRegion")
    regions = inputs.get("regions")
    if isinstance(regions, list) and 0 < len(set(map(str, regions))) < 3:
        yield "regions", "InvalidInput: at least three regions, or none for all"
    if kind == "CLOUDWATCH_METRIC" and not alarm:
        yield "cloudwatchAlarmName", "InvalidInput: a CLOUDWATCH_METRIC check needs its alarm's name and region"
    if kind == "RECOVERY_CONTROL":
        yield "type", "RECOVERY_CONTROL is not simulated: there is no Application Recovery Controller here"
    if kind.startswith(("HTTP", "TCP")) and not (_is_given(inputs, "fqdn") or _is_given(inputs, "ipAddress")):
        yield "fqdn", f"InvalidInput: a {kind} check needs `fqdn` or `ipAddress`"


def _security_rule(inputs: Values) -> Iterator[Mistake]:
    """hashicorp/terraform-provider-aws, vpc_security_group_ingress_rule.go: ExactlyOneOf; EC2 API, IpPermission."""
    sources = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
    if sum(_is_given(inputs, name) for name in sources) != 1:
        yield "cidrIpv4", f"exactly one of {', '.join(f'`{name}`' for name in sources)} must be given"
    ports = [name for name in ("fromPort", "toPort") if inputs.get(name) is not None]
    if str(inputs.get("ipProtocol")) == "-1" and ports:
        yield ports[0], "is not to be given where `ipProtocol` is -1, which is every port"
    if inputs.get("ipProtocol") in ("tcp", "udp") and len(ports) < 2:
        yield "fromPort", "a range of ports, `fromPort` and `toPort`, is needed for tcp and udp"


def _certificate(inputs: Values) -> Iterator[Mistake]:
    """hashicorp/terraform-provider-aws, internal/service/acm/certificate.go."""
    if _is_given(inputs, "domainName") == _is_given(inputs, "privateKey"):
        yield "domainName", "exactly one of `domainName` and `privateKey` must be given"
    proven = _is_given(inputs, "validationMethod") or _is_given(inputs, "certificateAuthorityArn")
    if _is_given(inputs, "domainName") and not proven:
        yield "validationMethod", "is needed for a certificate that ACM issues (or `certificateAuthorityArn`)"


def _balancer(inputs: Values) -> Iterator[Mistake]:
    """hashicorp/terraform-provider-aws, internal/service/elbv2/load_balancer.go: ExactlyOneOf."""
    if _is_given(inputs, "subnets") == _is_given(inputs, "subnetMappings"):
        yield "subnets", "exactly one of `subnets` and `subnetMappings` must be given"


def _target_group(inputs: Values) -> Iterator[Mistake]:
    """pulumi-aws 7.51.1, TargetGroup.port and others: "Required when `target_type` is `instance`, `ip` or `alb`"."""
    if inputs.get("targetType", "instance") in ("instance", "ip", "alb"):
        for name in ("port", "protocol", "vpcId"):
            if not _is_given(inputs, name):
                yield name, "is needed where `targetType` is not lambda"


def _listener(inputs: Values) -> Iterator[Mistake]:
    """ELBv2 API, CreateListener.Certificates: "You must provide exactly one certificate" for an HTTPS listener."""
    if inputs.get("protocol") == "HTTPS" and not _is_given(inputs, "certificateArn"):
        yield "certificateArn", "CertificateNotFound: a certificate must be specified for HTTPS listeners"


def _service(inputs: Values) -> Iterator[Mistake]:
    """pulumi-aws 7.51.1, Service.launch_type: "Conflicts with capacity_provider_strategy"."""
    if _is_given(inputs, "launchType") and _is_given(inputs, "capacityProviderStrategies"):
        yield "launchType", "conflicts with `capacityProviderStrategies`"


def _task(inputs: Values) -> Iterator[Mistake]:
    """pulumi-aws 7.51.1, TaskDefinition: what FARGATE requires; sizes: infra.sizes, which says where they are from."""
    if "FARGATE" not in (inputs.get("requiresCompatibilities") or []):
        return
    cpu, memory = inputs.get("cpu"), inputs.get("memory")
    for name, value in (("cpu", cpu), ("memory", memory)):
        if value is None:
            yield name, "is needed where `requiresCompatibilities` has FARGATE"
    if inputs.get("networkMode") != "awsvpc" and inputs.get("networkMode") is not UNKNOWN:
        yield "networkMode", "ClientException: Fargate only supports network mode 'awsvpc'."
    if _is_known(cpu, memory) and str(cpu).isdigit() and str(memory).isdigit():
        bad = sizes.explain_bad_size("aws", Size(int(str(cpu)) / 1024, int(str(memory))))
        if bad:
            yield "memory", f"ClientException: No Fargate configuration exists for given values: {bad[0]} {bad[1]}"


def _app(inputs: Values) -> Iterator[Mistake]:
    """learn.microsoft.com/azure/container-apps: containers ("Allocations"), scale-app ("Scale definition")."""
    scale = nested(inputs, "template", "scale") or {}
    least, most = scale.get("minReplicas", 0), scale.get("maxReplicas", 10)
    if _is_known(least, most) and not 0 <= least <= most <= 1000:
        yield "template.scale", f"{least:g} to {most:g} replicas: the least is at most the most, and that at most 1000"
    if _is_given(inputs, "environmentId") and _is_given(inputs, "managedEnvironmentId"):
        yield "environmentId", "is the same as `managedEnvironmentId`, which is deprecated: give one"
    asked = nested(inputs, "template", "containers", 0, "resources") or {}
    cpu, memory = asked.get("cpu"), asked.get("memory")
    if _is_known(cpu, memory) and str(memory).endswith("Gi"):
        bad = sizes.explain_bad_size("azure", Size(float(str(cpu)), round(float(str(memory)[:-2]) * 1024)))
        if bad:
            yield "template.containers[0].resources", f"no such allocation: {bad[0]} {bad[1]}"


def _run(inputs: Values) -> Iterator[Mistake]:
    """cloud.google.com/run/docs/configuring/max-instances: the maximum is at least the minimum."""
    scaling = nested(inputs, "template", "scaling") or {}
    least, most = scaling.get("minInstanceCount", 0), scaling.get("maxInstanceCount", 100)
    if _is_known(least, most) and least > most:
        yield "template.scaling", f"minInstanceCount {least:g} is more than maxInstanceCount {most:g}"


def _ssl_policy(inputs: Values) -> Iterator[Mistake]:
    """pulumi-gcp 10.2.0, SSLPolicy.min_tls_version: "When set to `TLS_1_3`, the profile … must be … `RESTRICTED`"."""
    if inputs.get("minTlsVersion") == "TLS_1_3" and inputs.get("profile", "COMPATIBLE") != "RESTRICTED":
        yield "profile", "must be RESTRICTED where `minTlsVersion` is TLS_1_3"


def _managed(inputs: Values) -> Iterator[Mistake]:
    """hashicorp/terraform-provider-google, …/certificatemanager/resource_certificate_manager_certificate.go."""
    if _is_given(inputs, "managed") == _is_given(inputs, "selfManaged"):
        yield "managed", "exactly one of `managed` and `selfManaged` must be given"


COMBINATIONS: Mapping[str, tuple[Check, ...]] = {
    "aws:route53/record:Record": (_record,),
    "aws:route53/healthCheck:HealthCheck": (_health_check,),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (_security_rule,),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": (_security_rule,),
    "aws:acm/certificate:Certificate": (_certificate,),
    "aws:lb/loadBalancer:LoadBalancer": (_balancer,),
    "aws:lb/targetGroup:TargetGroup": (_target_group,),
    "aws:lb/listener:Listener": (_listener,),
    "aws:ecs/service:Service": (_service,),
    "aws:ecs/taskDefinition:TaskDefinition": (_task,),
    "azure-native:app:ContainerApp": (_app,),
    "gcp:cloudrunv2/service:Service": (_run,),
    "gcp:certificatemanager/certificate:Certificate": (_managed,),
    "gcp:compute/sSLPolicy:SSLPolicy": (_ssl_policy,),
}
