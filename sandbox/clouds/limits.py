"""Names, lengths, character sets and combinations of inputs that the clouds ask for, each with its source.

What the SDKs' types let through and the real API would refuse only in the middle of an update is refused here before
anything is made, all of it at once. Values that a preview does not know yet are left alone.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.clouds.combinations import COMBINATIONS
from sandbox.clouds.world import Values, nested
from sandbox.engine.wire import UNKNOWN

Mistake = tuple[str, str]  # path, reason


@dataclass(frozen=True)
class Text:
    """A rule for a name: how long, which characters, and where that is written."""

    longest: int | None  # None: nobody says how long
    pattern: str
    source: str
    shortest: int = 1

    def refuses(self, value: str) -> bool:
        fits = self.shortest <= len(value) <= (self.longest or len(value))
        return not fits or re.fullmatch(self.pattern, value) is None

    def __str__(self) -> str:
        longest = f"{self.shortest} to {self.longest}" if self.longest else f"{self.shortest} or more"
        return f"{longest} characters like {self.pattern} ({self.source})"


@dataclass(frozen=True)
class Range:
    """A whole number from `least` to `most`, both included."""

    least: int
    most: int
    source: str

    def refuses(self, value: float) -> bool:
        return not self.least <= value <= self.most

    def __str__(self) -> str:
        return f"{self.least} to {self.most} ({self.source})"


@dataclass(frozen=True)
class OneOf:
    """One of these values."""

    values: Sequence[Any]
    source: str

    def refuses(self, value: Any) -> bool:
        return value not in self.values

    def __str__(self) -> str:
        return f"one of {', '.join(map(str, self.values))} ({self.source})"


@dataclass(frozen=True)
class Network:
    """An IPv4 range in CIDR notation whose prefix has from `least` to `most` bits, and no bit set beyond it."""

    least: int
    most: int
    source: str

    def refuses(self, value: str) -> bool:
        try:
            return not self.least <= ipaddress.IPv4Network(value).prefixlen <= self.most
        except ValueError:
            return True

    def __str__(self) -> str:
        return f"an IPv4 range from /{self.least} to /{self.most} that begins where it says ({self.source})"


Rule = Text | Range | OneOf | Network


# -- single values ---------------------------------------------------------------------------------------------------

# Of an Application Load Balancer and of a target group: botocore's documentation of elbv2's CreateLoadBalancer.Name
# and CreateTargetGroup.Name; "internal-" is refused for a balancer only.
_TARGETS = Text(32, r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", "ELBv2 API, CreateTargetGroup")
_BALANCER = Text(32, r"(?!internal-)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", "ELBv2 API, CreateLoadBalancer")
# botocore's documentation of ecs: CreateService.serviceName, CreateCluster.clusterName, RegisterTaskDefinition.family.
_ECS = Text(255, r"[A-Za-z0-9_-]+", "ECS API")
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
_SECURITY_RULE: Mapping[str, Rule] = {"cidrIpv4": _ANY_RANGE, "fromPort": _RULE_PORT, "toPort": _RULE_PORT}
# botocore's documentation of logs' shape Days; 0, "never", is pulumi-aws's.
_RETENTION = OneOf(
    (0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
    "CloudWatch Logs API, Days",
)
# botocore's shapes: ecr RepositoryName, iam roleNameType and policyNameType, logs LogGroupName.
_ECR_PART = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
_ECR = Text(256, rf"{_ECR_PART}(/{_ECR_PART})*", "ECR API, RepositoryName", shortest=2)
_ROLE = Text(64, r"[\w+=,.@-]+", "IAM API, roleNameType")
_POLICY = Text(128, r"[\w+=,.@-]+", "IAM API, policyNameType")
_LOG_GROUP = Text(512, r"[.\-_/#A-Za-z0-9]+", "CloudWatch Logs API, LogGroupName")
# hashicorp/terraform-provider-aws, internal/service/acm/certificate.go: no last dot, and names up to 253 characters.
_DOMAIN = Text(253, r".*[^.]", "pulumi-aws, Certificate")
# botocore's shapes of route53: RequestInterval has 10 to 30, its documentation says 10 or 30.
_INTERVAL = OneOf((10, 30), "Route 53 API, RequestInterval")
_THRESHOLD = Range(1, 10, "Route 53 API, FailureThreshold")
_PORT = Range(1, 65535, "TCP")
_WEIGHT = Range(0, 255, "Route 53 API, ResourceRecordSetWeight")
_TTL = Range(0, 2147483647, "Route 53 API, TTL")
_SET_ID = Text(128, r".*", "Route 53 API, ResourceRecordSetIdentifier")
_SEARCHED = Text(255, r"(?s).+", "Route 53 API, SearchString")
_CHECK_PATH = Text(255, r"(?s).*", "Route 53 API, ResourcePath", shortest=0)
# hashicorp/terraform-provider-aws, internal/service/elbv2/target_group.go.
_TARGET_INTERVAL, _TARGET_TIMEOUT = Range(5, 300, "pulumi-aws, TargetGroup"), Range(2, 120, "pulumi-aws, TargetGroup")
_TARGET_THRESHOLD, _DELAY = Range(2, 10, "pulumi-aws, TargetGroup"), Range(0, 3600, "pulumi-aws, TargetGroup")

# learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules: #microsoftresources,
# #microsoftcontainerregistry, #microsoftmanagedidentity, #microsoftapp.
_AZURE = "Azure resource name rules"
_AZURE_GROUP = Text(90, r"[\w().-]*[\w()-]", _AZURE)
_AZURE_REGISTRY = Text(50, r"[A-Za-z0-9]+", _AZURE, shortest=5)
_AZURE_IDENTITY = Text(128, r"[A-Za-z0-9][\w-]*", _AZURE, shortest=3)
_AZURE_APP = Text(32, r"[a-z]([a-z0-9]|-(?!-))*[a-z0-9]", _AZURE, shortest=2)
# hashicorp/terraform-provider-azurerm, internal/services/{containerapps,loganalytics}/validate: what Azure's pages do
# not list.
_AZURERM = "terraform-provider-azurerm, validate"
_AZURE_ENVIRONMENT = Text(60, r"[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?", _AZURERM)
_AZURE_CERTIFICATE = Text(None, r"[a-z0-9]([a-z0-9.]|-(?!-))*[a-z0-9]", _AZURERM, shortest=2)
_AZURE_WORKSPACE = Text(63, r"[A-Za-z0-9][A-Za-z0-9-]+[A-Za-z0-9]", _AZURERM, shortest=4)
# pulumi-azure-native 3.29.0, RoleAssignment.role_assignment_name: "It can be any valid GUID".
_GUID = Text(36, r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", "azure-native, RoleAssignment", shortest=36)

# "The name must be 1-63 characters long, and comply with RFC1035": pulumi-gcp 10.2.0, the name of every compute type.
_GCE = Text(63, r"[a-z]([-a-z0-9]*[a-z0-9])?", "RFC 1035, as Compute Engine asks")
# pulumi-gcp 10.2.0, DnsAuthorization.name and its siblings.
_CERTIFICATE_MANAGER = Text(64, r"[a-zA-Z][a-zA-Z0-9_-]*", "Certificate Manager API")
# pulumi-gcp 10.2.0, Account.account_id: "must be 6-30 characters long".
_SERVICE_ACCOUNT = Text(30, r"[a-z]([-a-z0-9]*[a-z0-9])", "IAM API, service accounts", shortest=6)
# cloud.google.com/run/docs/reference/rest/v2/projects.locations.services/create, serviceId.
_CLOUD_RUN = Text(49, r"[a-z]([a-z0-9-]*[a-z0-9])?", "Cloud Run API, serviceId")
# cloud.google.com/run/docs/about-concurrency: "up to 1000".
_CONCURRENCY = Range(1, 1000, "Cloud Run, maximum concurrent requests")

VALUES: Mapping[str, Mapping[str, Rule]] = {
    "aws:route53/healthCheck:HealthCheck": {
        "requestInterval": _INTERVAL,
        "failureThreshold": _THRESHOLD,
        "port": _PORT,
        "searchString": _SEARCHED,
        "resourcePath": _CHECK_PATH,
    },
    "aws:route53/record:Record": {
        "ttl": _TTL,
        "setIdentifier": _SET_ID,
        "weightedRoutingPolicies[].weight": _WEIGHT,
    },
    "aws:ec2/vpc:Vpc": {"cidrBlock": _VPC_RANGE},
    "aws:ec2/subnet:Subnet": {"cidrBlock": _SUBNET_RANGE},
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _SECURITY_RULE,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _SECURITY_RULE,
    "aws:ec2/securityGroup:SecurityGroup": {"name": _GROUP_NAME, "description": _GROUP_DESCRIPTION},
    "aws:ecr/repository:Repository": {"name": _ECR},
    "aws:iam/role:Role": {"name": _ROLE},
    "aws:iam/rolePolicy:RolePolicy": {"name": _POLICY},
    "aws:cloudwatch/logGroup:LogGroup": {"name": _LOG_GROUP, "retentionInDays": _RETENTION},
    "aws:acm/certificate:Certificate": {"domainName": _DOMAIN, "subjectAlternativeNames[]": _DOMAIN},
    "aws:lb/loadBalancer:LoadBalancer": {"name": _BALANCER},
    "aws:lb/targetGroup:TargetGroup": {
        "name": _TARGETS,
        "port": _PORT,
        "deregistrationDelay": _DELAY,
        "healthCheck.interval": _TARGET_INTERVAL,
        "healthCheck.timeout": _TARGET_TIMEOUT,
        "healthCheck.healthyThreshold": _TARGET_THRESHOLD,
        "healthCheck.unhealthyThreshold": _TARGET_THRESHOLD,
    },
    "aws:lb/listener:Listener": {"port": _PORT},
    "aws:ecs/cluster:Cluster": {"name": _ECS},
    "aws:ecs/taskDefinition:TaskDefinition": {"family": _ECS},
    "aws:ecs/service:Service": {"name": _ECS},
    "azure-native:resources:ResourceGroup": {"resourceGroupName": _AZURE_GROUP},
    "azure-native:containerregistry:Registry": {"registryName": _AZURE_REGISTRY},
    "azure-native:managedidentity:UserAssignedIdentity": {"resourceName": _AZURE_IDENTITY},
    "azure-native:authorization:RoleAssignment": {"roleAssignmentName": _GUID},
    "azure-native:operationalinsights:Workspace": {"workspaceName": _AZURE_WORKSPACE},
    "azure-native:app:ManagedEnvironment": {"environmentName": _AZURE_ENVIRONMENT},
    "azure-native:app:Certificate": {"certificateName": _AZURE_CERTIFICATE},
    "azure-native:app:ContainerApp": {"containerAppName": _AZURE_APP},
    "gcp:serviceaccount/account:Account": {"accountId": _SERVICE_ACCOUNT},
    "gcp:cloudrunv2/service:Service": {
        "name": _CLOUD_RUN,
        "template.maxInstanceRequestConcurrency": _CONCURRENCY,
    },
    "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": {"name": _CERTIFICATE_MANAGER},
    "gcp:certificatemanager/certificate:Certificate": {"name": _CERTIFICATE_MANAGER},
    "gcp:certificatemanager/certificateMap:CertificateMap": {"name": _CERTIFICATE_MANAGER},
    "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry": {"name": _CERTIFICATE_MANAGER},
    "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup": {"name": _GCE},
    "gcp:compute/backendService:BackendService": {"name": _GCE},
    "gcp:compute/uRLMap:URLMap": {"name": _GCE},
    "gcp:compute/targetHttpsProxy:TargetHttpsProxy": {"name": _GCE},
    "gcp:compute/targetHttpProxy:TargetHttpProxy": {"name": _GCE},
    "gcp:compute/sSLPolicy:SSLPolicy": {"name": _GCE},
    "gcp:compute/globalAddress:GlobalAddress": {"name": _GCE},
    "gcp:compute/globalForwardingRule:GlobalForwardingRule": {"name": _GCE},
}


def mistakes(type_: str, inputs: Values) -> list[Mistake]:
    """(path, reason) of everything that is wrong with the inputs of a resource, beyond their types."""
    found = [
        (where, f"{value!r} is not {rule}")
        for path, rule in VALUES.get(type_, {}).items()
        for where, value in _values_at(inputs, path)
        if rule.refuses(value)
    ]
    return found + [mistake for check in COMBINATIONS.get(type_, ()) for mistake in check(inputs)]


def _values_at(inputs: Values, path: str) -> Iterator[tuple[str, Any]]:
    """What is at `a.b` or at every place of `a[].b`, with its place; nothing where it is absent or not known yet."""
    head, brackets, rest = path.partition("[]")
    value = nested(inputs, *head.split("."))
    if value is None or value is UNKNOWN:
        return
    if not brackets:
        yield head, value
        return
    for position, item in enumerate(value if isinstance(value, list) else []):
        where = f"{head}[{position}]"
        if not rest:
            if item is not UNKNOWN:
                yield where, item
        elif isinstance(item, dict):
            yield from ((f"{where}.{inner}", found) for inner, found in _values_at(item, rest.removeprefix(".")))
