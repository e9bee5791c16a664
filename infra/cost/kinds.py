"""Every type that a stack registers: by which prices it is in an estimate, or why it costs nothing there. Pure.

Held to the table of permissions, which is held to the programs: a new type is in one of the two, or a test fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infra.permissions.in_use import words

PAID: Mapping[str, tuple[str, ...]] = {
    "aws:cloudwatch/dashboard:Dashboard": ("aws-dashboard",),
    "aws:cloudwatch/logGroup:LogGroup": ("aws-logs", "aws-logs-kept"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("aws-alarm",),
    "aws:ec2/eip:Eip": ("aws-address",),
    "aws:ec2/natGateway:NatGateway": ("aws-nat", "aws-nat-data"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("aws-endpoint", "aws-endpoint-data"),
    "aws:ecr/repository:Repository": ("aws-image",),
    "aws:ecs/cluster:Cluster": ("aws-insights",),
    "aws:ecs/service:Service": ("fargate-cpu", "fargate-memory", "aws-address", "aws-out"),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": ("aws-audit-carried", "aws-audit-object"),
    "aws:lb/loadBalancer:LoadBalancer": ("aws-balancer", "aws-balancer-unit", "aws-address"),
    "aws:route53/healthCheck:HealthCheck": ("check-aws", "check-elsewhere", "check-option-elsewhere"),
    "aws:route53/zone:Zone": ("zone", "queries"),
    "aws:s3/bucket:Bucket": ("aws-audit-kept", "aws-access-log", "switch-read"),
    "aws:secretsmanager/secret:Secret": ("aws-secret",),
    "aws:wafv2/webAcl:WebAcl": ("aws-acl-policy", "aws-acl-rule", "aws-acl-requests"),
    "azure-native:app:ContainerApp": ("azure-cpu", "azure-memory", "azure-requests", "azure-out"),
    "azure-native:containerregistry:Registry": ("azure-registry",),
    "azure-native:monitor:DiagnosticSetting": ("azure-logs", "azure-audit-carried"),
    "azure-native:monitor:MetricAlert": ("azure-alarm",),
    "azure-native:operationalinsights:Workspace": ("azure-logs", "azure-logs-more", "azure-logs-kept"),
    "azure-native:storage:StorageAccount": ("azure-audit-kept",),
    "gcp:artifactregistry/repository:Repository": ("gcp-image",),
    "gcp:cloudrunv2/service:Service": ("gcp-idle-cpu", "gcp-busy-cpu", "gcp-memory", "gcp-requests", "gcp-out"),
    "gcp:compute/globalForwardingRule:GlobalForwardingRule": ("gcp-rules", "gcp-balancer-data"),
    "gcp:compute/securityPolicy:SecurityPolicy": ("gcp-armor-policy", "gcp-armor-rule", "gcp-armor-requests"),
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": (
        "gcp-logs",
        "gcp-logs-more",
        "gcp-logs-kept",
        "gcp-audit-carried",
        "gcp-audit-kept",
    ),
    "gcp:monitoring/alertPolicy:AlertPolicy": ("gcp-alarm",),
    "gcp:projects/service:Service": ("gcp-scan",),
    "gcp:secretmanager/secretVersion:SecretVersion": ("gcp-secret",),
}
"""Type -> the keys of its prices."""


@dataclass(frozen=True)
class Free:
    """Types that are in no estimate: why, and where that is written."""

    why: str
    source: str
    types: tuple[str, ...]


NOT_PRICED: tuple[Free, ...] = (
    Free(
        "public certificates cost nothing",
        "aws.amazon.com/certificate-manager/pricing; cloud.google.com/certificate-manager/pricing (the first hundred)",
        words(
            "aws:acm/certificate:Certificate aws:acm/certificateValidation:CertificateValidation "
            "azure-native:app:Certificate gcp:certificatemanager/certificate:Certificate "
            "gcp:certificatemanager/certificateMap:CertificateMap "
            "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry "
            "gcp:certificatemanager/dnsAuthorization:DnsAuthorization"
        ),
    ),
    Free(
        "scaling by targets costs nothing but its alarms, which AWS makes itself",
        "aws.amazon.com/autoscaling/pricing",
        words("aws:appautoscaling/policy:Policy aws:appautoscaling/target:Target"),
    ),
    Free(
        "a network costs what passes it, and is a part of what is in it",
        "aws.amazon.com/vpc/pricing; azure.microsoft.com/pricing/details/virtual-network",
        words(
            "aws:ec2/internetGateway:InternetGateway aws:ec2/routeTable:RouteTable "
            "aws:ec2/routeTableAssociation:RouteTableAssociation aws:ec2/securityGroup:SecurityGroup "
            "aws:ec2/subnet:Subnet aws:ec2/vpc:Vpc aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule "
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule azure-native:network:VirtualNetwork "
            "gcp:compute/network:Network gcp:compute/subnetwork:Subnetwork"
        ),
    ),
    Free(
        "identities, roles and grants cost nothing",
        "aws.amazon.com/iam; azure.microsoft.com/pricing/details/microsoft-entra-id; cloud.google.com/iam",
        words(
            "aws:iam/role:Role aws:iam/rolePolicy:RolePolicy azure-native:authorization:RoleAssignment "
            "azure-native:managedidentity:UserAssignedIdentity gcp:serviceaccount/account:Account "
            "gcp:secretmanager/secretIamMember:SecretIamMember gcp:storage/bucketIAMMember:BucketIAMMember "
            "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember gcp:projects/serviceIdentity:ServiceIdentity"
        ),
    ),
    Free(
        "it is a setting of something that has a row, or a name for it",
        "the pages of those rows",
        words(
            "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter aws:ecr/lifecyclePolicy:LifecyclePolicy "
            "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders "
            "aws:ecs/taskDefinition:TaskDefinition aws:lb/listener:Listener aws:lb/targetGroup:TargetGroup "
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration "
            "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration aws:s3/bucketPolicy:BucketPolicy "
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock aws:s3/bucketVersioning:BucketVersioning "
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration "
            "aws:secretsmanager/secretVersion:SecretVersion aws:wafv2/webAclAssociation:WebAclAssociation "
            "azure-native:app:ManagedEnvironment azure-native:authorization:ManagementLockAtResourceGroupLevel "
            "azure-native:resources:ResourceGroup azure-native:storage:BlobContainer "
            "azure-native:storage:BlobContainerImmutabilityPolicy azure-native:storage:ManagementPolicy "
            "gcp:compute/backendService:BackendService "
            "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup gcp:compute/sSLPolicy:SSLPolicy "
            "gcp:compute/targetHttpProxy:TargetHttpProxy gcp:compute/targetHttpsProxy:TargetHttpsProxy "
            "gcp:compute/uRLMap:URLMap gcp:logging/projectSink:ProjectSink gcp:secretmanager/secret:Secret"
        ),
    ),
    Free(
        "records cost by their queries, which the zone has; an alias to AWS's own costs nothing",
        "aws.amazon.com/route53/pricing",
        ("aws:route53/record:Record",),
    ),
    Free(
        "an address that a forwarding rule uses is in that rule's price",
        "cloud.google.com/vpc/network-pricing",
        ("gcp:compute/globalAddress:GlobalAddress",),
    ),
    Free(
        "mails to one address, and dashboards and budgets of these clouds, cost nothing at this number",
        "aws.amazon.com/sns/pricing; aws.amazon.com/aws-cost-management/pricing (two budgets an account); "
        "azure.microsoft.com/pricing/details/monitor; cloud.google.com/stackdriver/pricing",
        words(
            "aws:sns/topic:Topic aws:sns/topicSubscription:TopicSubscription aws:budgets/budget:Budget "
            "azure-native:monitor:ActionGroup azure-native:consumption:Budget azure-native:portal:Dashboard "
            "gcp:billing/budget:Budget gcp:monitoring/dashboard:Dashboard "
            "gcp:monitoring/notificationChannel:NotificationChannel"
        ),
    ),
    Free(
        "a Key Vault is paid by its calls, 0.03 USD for ten thousand: a site reads its secrets when a replica starts",
        "azure.microsoft.com/pricing/details/key-vault",
        words("azure-native:keyvault:Secret azure-native:keyvault:Vault"),
    ),
    Free(
        "an image is paid for where it is kept, by its registry's row",
        "the pages of those rows",
        ("docker-build:index:Image",),
    ),
    Free(
        "switches are empty objects, whose reading is priced with S3's; what lies in a store of rows nobody here knows",
        "cloud.google.com/storage/pricing",
        ("gcp:storage/bucket:Bucket",),
    ),
    Free(
        "a workspace for training costs nothing without a job; what jobs cost is reckoned for each",
        "azure.microsoft.com/pricing/details/machine-learning",
        ("azure-native:machinelearningservices:Workspace",),
    ),
)
"""Together with PAID, every type."""
