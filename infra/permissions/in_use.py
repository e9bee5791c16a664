"""Which resource types each kind of stack registers, and what a drill does: what permissions are made from. Pure.

Held to the inventories in tests/golden: a type that a program registers and this table lacks fails there, and so does
one that has no row in its cloud's table of permissions.
"""

from __future__ import annotations

from collections.abc import Mapping

from infra.holdings import TYPES as HOLDINGS


def words(text: str) -> tuple[str, ...]:
    """A long list, written down as words."""
    return tuple(text.split())


RECORD = "aws:route53/record:Record"
IMAGE = "docker-build:index:Image"

IN_USE: Mapping[str, tuple[str, ...]] = {
    "zone": ("aws:route53/zone:Zone",),
    "aws": words(f"""
        aws:acm/certificate:Certificate aws:acm/certificateValidation:CertificateValidation
        aws:appautoscaling/target:Target aws:cloudwatch/logGroup:LogGroup
        aws:ec2/internetGateway:InternetGateway aws:ec2/routeTable:RouteTable
        aws:ec2/routeTableAssociation:RouteTableAssociation aws:ec2/securityGroup:SecurityGroup aws:ec2/subnet:Subnet
        aws:ec2/vpc:Vpc aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule
        aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule
        aws:ecr/lifecyclePolicy:LifecyclePolicy aws:ecr/repository:Repository {IMAGE}
        aws:ecs/cluster:Cluster aws:ecs/clusterCapacityProviders:ClusterCapacityProviders aws:ecs/service:Service
        aws:ecs/taskDefinition:TaskDefinition
        aws:iam/role:Role aws:iam/rolePolicy:RolePolicy
        aws:lb/listener:Listener aws:lb/loadBalancer:LoadBalancer aws:lb/targetGroup:TargetGroup {RECORD}"""),
    "azure": words(f"""
        azure-native:app:Certificate azure-native:app:ContainerApp azure-native:app:ManagedEnvironment
        azure-native:authorization:RoleAssignment azure-native:containerregistry:Registry {IMAGE}
        azure-native:managedidentity:UserAssignedIdentity azure-native:monitor:DiagnosticSetting
        azure-native:operationalinsights:Workspace azure-native:resources:ResourceGroup {RECORD}"""),
    "gcp": words(f"""
        gcp:artifactregistry/repository:Repository {IMAGE}
        gcp:certificatemanager/certificate:Certificate gcp:certificatemanager/certificateMap:CertificateMap
        gcp:certificatemanager/certificateMapEntry:CertificateMapEntry
        gcp:certificatemanager/dnsAuthorization:DnsAuthorization
        gcp:cloudrunv2/service:Service gcp:compute/backendService:BackendService
        gcp:compute/globalAddress:GlobalAddress gcp:compute/globalForwardingRule:GlobalForwardingRule
        gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup gcp:compute/sSLPolicy:SSLPolicy
        gcp:compute/targetHttpProxy:TargetHttpProxy gcp:compute/targetHttpsProxy:TargetHttpsProxy
        gcp:compute/uRLMap:URLMap gcp:projects/service:Service gcp:serviceaccount/account:Account {RECORD}"""),
    "private": words(RECORD),
    "traffic": words(f"aws:route53/healthCheck:HealthCheck {RECORD}"),
    "base-aws": words(
        "aws:s3/bucket:Bucket aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock aws:s3/bucketPolicy:BucketPolicy"
    ),
    "base-azure": words(
        "azure-native:resources:ResourceGroup azure-native:storage:StorageAccount azure-native:storage:BlobContainer "
        "azure-native:authorization:ManagementLockAtResourceGroupLevel"
    ),
    "base-gcp": words(
        "gcp:projects/service:Service gcp:storage/bucket:Bucket gcp:storage/bucketIAMMember:BucketIAMMember"
    ),
    "training-aws": words(f"""
        aws:ecr/lifecyclePolicy:LifecyclePolicy aws:ecr/repository:Repository {IMAGE}
        aws:iam/role:Role aws:iam/rolePolicy:RolePolicy
        aws:s3/bucket:Bucket aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration
        aws:s3/bucketPolicy:BucketPolicy aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"""),
    "training-azure": words(f"""
        azure-native:authorization:RoleAssignment azure-native:containerregistry:Registry {IMAGE}
        azure-native:keyvault:Vault azure-native:machinelearningservices:Workspace
        azure-native:managedidentity:UserAssignedIdentity azure-native:resources:ResourceGroup
        azure-native:storage:BlobContainer azure-native:storage:ManagementPolicy
        azure-native:storage:StorageAccount"""),
    "training-gcp": words(f"""
        gcp:artifactregistry/repository:Repository {IMAGE} gcp:projects/service:Service
        gcp:serviceaccount/account:Account gcp:storage/bucket:Bucket
        gcp:storage/bucketIAMMember:BucketIAMMember"""),
}
"""Kind of stack -> the types that its program registers. A kind that is on any cloud is named with its own."""


def _held(cloud: str) -> str:
    """What a base stack registers for the sites whose images, logs and secrets it holds."""
    return " ".join(dict.fromkeys(type_ for type_, _ in HOLDINGS[cloud] if type_ not in IN_USE[f"base-{cloud}"]))


_ALARMS = "aws:sns/topic:Topic aws:sns/topicSubscription:TopicSubscription aws:cloudwatch/metricAlarm:MetricAlarm"

BY_CHOICE: Mapping[str, tuple[str, ...]] = {
    "aws": words(
        "aws:appautoscaling/policy:Policy aws:ec2/eip:Eip aws:ec2/natGateway:NatGateway "
        "aws:ec2/vpcEndpoint:VpcEndpoint "
        "aws:secretsmanager/secret:Secret "
        "aws:wafv2/webAcl:WebAcl aws:wafv2/webAclAssociation:WebAclAssociation "
        "aws:secretsmanager/secretVersion:SecretVersion "
        "aws:cloudwatch/dashboard:Dashboard "
        "aws:s3/bucket:Bucket aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock aws:s3/bucketPolicy:BucketPolicy "
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration "
        f"aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter aws:budgets/budget:Budget {_ALARMS}"
    ),
    "azure": words(
        "azure-native:network:VirtualNetwork azure-native:keyvault:Secret "
        "azure-native:monitor:ActionGroup azure-native:monitor:MetricAlert azure-native:consumption:Budget "
        "azure-native:portal:Dashboard"
    ),
    "traffic": words(_ALARMS),
    "gcp": words(
        "gcp:compute/network:Network gcp:compute/subnetwork:Subnetwork "
        "gcp:billing/budget:Budget gcp:monitoring/alertPolicy:AlertPolicy "
        "gcp:monitoring/notificationChannel:NotificationChannel gcp:monitoring/dashboard:Dashboard "
        "gcp:secretmanager/secret:Secret gcp:secretmanager/secretVersion:SecretVersion "
        "gcp:compute/securityPolicy:SecurityPolicy "
        "gcp:secretmanager/secretIamMember:SecretIamMember gcp:logging/projectSink:ProjectSink "
        "gcp:logging/projectBucketConfig:ProjectBucketConfig"
    ),
    "base-aws": words(
        "aws:s3/bucketVersioning:BucketVersioning "
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration "
        "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream aws:iam/role:Role aws:iam/rolePolicy:RolePolicy "
        f"{_held('aws')}"
    ),
    "base-azure": words(f"azure-native:storage:BlobContainerImmutabilityPolicy {_held('azure')}"),
    "training-aws": words("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"),
    "training-gcp": words("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember gcp:projects/serviceIdentity:ServiceIdentity"),
    "base-gcp": words(_held("gcp")),
}
"""The same, of what a program registers only where the stack's file asks for it."""

NO_PERMISSION = ("pulumi:providers:aws", "pulumi:pulumi:StackReference")
"""Of the engine, not of a cloud."""


def types_of(kind: str) -> tuple[str, ...]:
    """Every type that a stack of that kind may register."""
    return (*IN_USE[kind], *BY_CHOICE.get(kind, ()))
