"""Which change of an input replaces a resource rather than updating it; each entry with where that is written.

The installed SDKs do not say it (three properties excepted), so the sources are the providers' own code and the APIs.
An input that is not listed is updated in place here; `NOT_KNOWN` names those where nobody found out what the real
cloud does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_AWS = "hashicorp/terraform-provider-aws, which pulumi-aws wraps: ForceNew in internal/service"
_GOOGLE = "hashicorp/terraform-provider-google, which pulumi-gcp wraps: ForceNew in google/services"
_SDK = "the installed SDK's documentation of the property"
# A name that an id is made of cannot change without the id: then it is another resource.
_ID = "the resource's id holds it"
# botocore is installed: a test looks these up in its service models.
_NO_MEMBER = "botocore: absent from"
_NO_UPDATE = "botocore: the API has no operation that changes it"
_ARM_LOCATION = "Azure RPC guideline Put-V1-14: the location of a tracked resource is set once"
_ARM_ASSIGNMENT = (
    "learn.microsoft.com/azure/role-based-access-control/role-assignments-steps: assignments cannot be edited"
)


def _each(names: Iterable[str], source: str) -> dict[str, str]:
    return dict.fromkeys(names, source)


_IN_GROUP = _each(["resourceGroupName"], _ID) | _each(["location"], _ARM_LOCATION)

FORCES_NEW: Mapping[str, Mapping[str, str]] = {
    "aws:route53/zone:Zone": _each(["name", "delegationSetId"], _NO_UPDATE),
    "aws:route53/record:Record": _each(["zoneId", "name"], f"{_AWS}/route53/record.go"),
    "aws:route53/healthCheck:HealthCheck": _each(
        ["type", "requestInterval", "measureLatency"], f"{_NO_MEMBER} UpdateHealthCheck"
    ),
    "aws:ec2/vpc:Vpc": _each(["cidrBlock"], f"{_NO_MEMBER} ModifyVpcAttribute"),
    "aws:ec2/subnet:Subnet": _each(["vpcId", "cidrBlock", "availabilityZone"], f"{_NO_MEMBER} ModifySubnetAttribute"),
    "aws:ec2/routeTable:RouteTable": _each(["vpcId"], _NO_UPDATE),
    "aws:ec2/route:Route": _each(
        ["routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"], _ID
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _each(
        ["securityGroupId"], f"{_AWS}/ec2/vpc_security_group_ingress_rule.go"
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _each(
        ["securityGroupId"], f"{_AWS}/ec2/vpc_security_group_egress_rule.go"
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _each(["role", "policyArn"], _NO_UPDATE),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _each(
        ["subnetId"], f"{_NO_MEMBER} ReplaceRouteTableAssociation"
    ),
    "aws:ec2/securityGroup:SecurityGroup": _each(["name", "namePrefix", "vpcId"], _NO_UPDATE)
    | _each(["description"], f"{_SDK}: 'for which there is no Update API'"),
    "aws:ecr/repository:Repository": _each(["name"], _ID) | _each(["encryptionConfigurations"], _NO_UPDATE),
    "aws:iam/role:Role": _each(["name"], _ID) | _each(["path"], f"{_NO_MEMBER} UpdateRole"),
    "aws:iam/rolePolicy:RolePolicy": _each(["name", "role"], _ID),
    "aws:cloudwatch/logGroup:LogGroup": _each(["name"], _ID),
    "aws:acm/certificate:Certificate": _each(
        ["domainName", "subjectAlternativeNames", "validationMethod", "keyAlgorithm", "certificateAuthorityArn"],
        f"{_AWS}/acm/certificate.go",
    ),
    "aws:acm/certificateValidation:CertificateValidation": _each(
        ["certificateArn", "validationRecordFqdns"], "nothing is made that could be updated: the resource is the wait"
    ),
    "aws:lb/loadBalancer:LoadBalancer": _each(
        ["name", "namePrefix", "internal", "loadBalancerType", "customerOwnedIpv4Pool"],
        f"{_AWS}/elbv2/load_balancer.go",
    ),
    "aws:lb/targetGroup:TargetGroup": _each(
        ["name", "namePrefix", "port", "protocol", "protocolVersion", "ipAddressType", "targetType", "vpcId"],
        f"{_AWS}/elbv2/target_group.go",
    ),
    "aws:lb/listener:Listener": _each(["loadBalancerArn"], f"{_NO_MEMBER} ModifyListener"),
    "aws:ecs/cluster:Cluster": _each(["name"], _ID),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": _each(["clusterName"], _ID),
    "aws:ecs/taskDefinition:TaskDefinition": _each(
        [
            "containerDefinitions",
            "cpu",
            "ephemeralStorage",
            "executionRoleArn",
            "family",
            "ipcMode",
            "memory",
            "networkMode",
            "pidMode",
            "placementConstraints",
            "proxyConfiguration",
            "requiresCompatibilities",
            "runtimePlatform",
            "taskRoleArn",
            "volumes",
        ],
        f"{_AWS}/ecs/task_definition.go",
    ),
    "aws:ecs/service:Service": _each(["name", "cluster"], _ID)
    | _each(["launchType", "schedulingStrategy", "iamRole"], f"{_NO_MEMBER} UpdateService"),
    "azure-native:resources:ResourceGroup": _each(["resourceGroupName"], _ID)
    | _each(["location"], f"{_SDK}: 'It cannot be changed after the resource group has been created'"),
    "azure-native:containerregistry:Registry": _each(["registryName", "resourceGroupName"], _ID)
    | _each(["location"], f"{_SDK}: 'This cannot be changed after the resource is created'"),
    "azure-native:managedidentity:UserAssignedIdentity": _each(["resourceName"], _ID) | _IN_GROUP,
    "azure-native:authorization:RoleAssignment": _each(["scope", "roleAssignmentName"], _ID)
    | _each(["principalId", "roleDefinitionId"], _ARM_ASSIGNMENT),
    "azure-native:operationalinsights:Workspace": _each(["workspaceName"], _ID) | _IN_GROUP,
    "azure-native:app:ManagedEnvironment": _each(["environmentName"], _ID) | _IN_GROUP,
    "azure-native:app:Certificate": _each(["certificateName", "environmentName"], _ID) | _IN_GROUP,
    "azure-native:app:ContainerApp": _each(["containerAppName"], _ID) | _IN_GROUP,
    "gcp:projects/service:Service": _each(["service", "project"], _ID),
    "gcp:artifactregistry/repository:Repository": _each(["repositoryId", "location", "project"], _ID),
    "gcp:serviceaccount/account:Account": _each(["project"], _ID)
    | _each(["accountId"], f"{_SDK}: 'Changing this forces a new service account to be created'"),
    "gcp:cloudrunv2/service:Service": _each(["name", "location", "project"], _ID),
    "gcp:cloudrunv2/serviceIamMember:ServiceIamMember": _each(["name", "role", "member", "location", "project"], _ID),
    "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": _each(["name", "location", "project"], _ID),
    "gcp:certificatemanager/certificate:Certificate": _each(["location"], _ID)
    | _each(["name", "managed", "scope", "project"], f"{_GOOGLE}/certificatemanager"),
    "gcp:certificatemanager/certificateMap:CertificateMap": _each(["name", "project"], _ID),
    "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry": _each(["name", "map", "project"], _ID),
    "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup": _each(
        [
            "name",
            "region",
            "appEngine",
            "cloudFunction",
            "cloudRun",
            "description",
            "network",
            "networkEndpointType",
            "pscTargetService",
            "subnetwork",
            "project",
        ],
        f"{_GOOGLE}/compute",
    ),
    "gcp:compute/backendService:BackendService": _each(["name", "project"], _ID),
    "gcp:compute/uRLMap:URLMap": _each(["name", "project"], _ID),
    "gcp:compute/targetHttpsProxy:TargetHttpsProxy": _each(["name", "project"], _ID),
    "gcp:compute/targetHttpProxy:TargetHttpProxy": _each(["name", "project"], _ID),
    "gcp:compute/sSLPolicy:SSLPolicy": _each(["name", "project"], _ID),
    "gcp:compute/globalAddress:GlobalAddress": _each(["name", "project"], _ID),
    "gcp:compute/globalForwardingRule:GlobalForwardingRule": _each(
        [
            "name",
            "ipAddress",
            "ipProtocol",
            "ipVersion",
            "description",
            "loadBalancingScheme",
            "metadataFilters",
            "network",
            "noAutomateDnsZone",
            "portRange",
            "sourceIpRanges",
            "subnetwork",
            "project",
        ],
        f"{_GOOGLE}/compute",
    ),
}

# Of a security group's rule a change of the *kind* of source (a range of addresses, a group) replaces it too; a change
# of its value does not (vpc_security_group_ingress_rule.go, ModifyPlan). The table knows inputs only.
_SOURCES = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")

NOT_KNOWN: Mapping[str, tuple[str, ...]] = {
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _SOURCES,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _SOURCES,
    "aws:ec2/internetGateway:InternetGateway": ("vpcId",),
    "docker-build:index:Image": ("builder", "platforms"),
    "aws:route53/healthCheck:HealthCheck": ("referenceName", "routingControlArn"),
    "azure-native:app:ManagedEnvironment": ("vnetConfiguration", "zoneRedundant"),
    "azure-native:app:ContainerApp": ("environmentId", "managedEnvironmentId"),
    "gcp:artifactregistry/repository:Repository": ("format", "mode", "kmsKeyName"),
    "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry": ("hostname", "matcher"),
    "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": ("domain", "type"),
    "gcp:compute/backendService:BackendService": ("loadBalancingScheme",),
    "gcp:compute/globalAddress:GlobalAddress": ("ipVersion", "addressType", "address"),
}


def names(type_: str) -> frozenset[str]:
    """Wire names of the inputs whose change replaces a resource of the type."""
    return frozenset(FORCES_NEW.get(type_, ()))
