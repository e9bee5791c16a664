"""What each resource type needs on AWS, and what drills do there. Pure. Over 300 lines, being one table.

Actions are named as in the Service Authorization Reference (docs.aws.amazon.com/service-authorization). Each row scopes
what the service lets one scope: by the site's name where a resource is named, by region where it has an id of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infra.alerts import METRICS_REGION
from infra.permissions.in_use import IMAGE, RECORD, words


@dataclass(frozen=True)
class Grant:
    """What a type needs: `actions` on `resources`, and `regional` ones, which take no narrower one than a region."""

    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    regional: tuple[str, ...] = ()


_ELB_TAGS = "elasticloadbalancing:AddTags elasticloadbalancing:RemoveTags"
_ELB = "arn:aws:elasticloadbalancing:{region}:{account}:"
AUDIT_ROLES = (
    "arn:aws:iam::{account}:role/{base}-audit-carrier",
    "arn:aws:iam::{account}:role/{base}-audit-sender",
)
"""What Firehose and CloudWatch Logs assume, to carry audit records to their store."""

ROLES = ("arn:aws:iam::{account}:role/{name}-execution", "arn:aws:iam::{account}:role/{name}-task")
TRAINING_ROLES = ("arn:aws:iam::{account}:role/{training}-job",)
"""What SageMaker assumes for a training job."""

_REPOSITORY = (
    "arn:aws:ecr:{region}:{account}:repository/{name}",
    "arn:aws:ecr:{region}:{account}:repository/{training}",
)
_MODELS = ("arn:aws:s3:::{models}",)
"""The bucket of training jobs."""

_ZONE = ("arn:aws:route53:::hostedzone/{zone_id}",)
_SCALING = ("arn:aws:application-autoscaling:{region}:{account}:scalable-target/*",)
_CHECK = ("arn:aws:route53:::healthcheck/*",)
_TOPICS = (
    "arn:aws:sns:{region}:{account}:{name}-alerts",
    f"arn:aws:sns:{METRICS_REGION}:{{account}}:{{traffic}}-alerts",
)

_WATCHING = (
    "arn:aws:cloudwatch:{region}:{account}:alarm:{name}-*",
    f"arn:aws:cloudwatch:{METRICS_REGION}:{{account}}:alarm:{{traffic}}-*",
    "arn:aws:cloudwatch::{account}:dashboard/{name}",  # of no region
)
_ACCESS_LOGS = ("arn:aws:s3:::{name}-alb-*",)
"""The bucket into which a site's load balancer writes, whose end is chance, and its objects: `*` holds a slash too."""

GRANTS: Mapping[str, Grant] = {
    "aws:acm/certificate:Certificate": Grant(
        words(
            "acm:DescribeCertificate acm:DeleteCertificate acm:ListTagsForCertificate acm:AddTagsToCertificate "
            "acm:RemoveTagsFromCertificate"
        ),
        ("arn:aws:acm:{region}:{account}:certificate/*",),
        ("acm:RequestCertificate",),
    ),
    "aws:acm/certificateValidation:CertificateValidation": Grant(
        ("acm:DescribeCertificate",), ("arn:aws:acm:{region}:{account}:certificate/*",)
    ),
    "aws:appautoscaling/target:Target": Grant(
        words(
            "application-autoscaling:RegisterScalableTarget application-autoscaling:DeregisterScalableTarget "
            "application-autoscaling:ListTagsForResource application-autoscaling:TagResource "
            "application-autoscaling:UntagResource"
        ),
        _SCALING,
        ("application-autoscaling:DescribeScalableTargets",),
    ),
    # The alarms of a policy are made by Application Auto Scaling's own role (its user guide, service-linked roles).
    "aws:appautoscaling/policy:Policy": Grant(
        words("application-autoscaling:PutScalingPolicy application-autoscaling:DeleteScalingPolicy"),
        _SCALING,
        ("application-autoscaling:DescribeScalingPolicies",),
    ),
    "aws:cloudwatch/logGroup:LogGroup": Grant(
        words(
            "logs:CreateLogGroup logs:DeleteLogGroup logs:PutRetentionPolicy logs:DeleteRetentionPolicy "
            "logs:ListTagsForResource logs:TagResource logs:UntagResource"
        ),
        ("arn:aws:logs:{region}:{account}:log-group:/{name}", "arn:aws:logs:{region}:{account}:log-group:/{name}:*"),
        ("logs:DescribeLogGroups",),
    ),
    "aws:ec2/vpc:Vpc": Grant(
        regional=words(
            "ec2:CreateVpc ec2:DeleteVpc ec2:DescribeVpcs ec2:DescribeVpcAttribute ec2:ModifyVpcAttribute "
            "ec2:DescribeNetworkAcls ec2:DescribeRouteTables ec2:DescribeSecurityGroups ec2:CreateTags ec2:DeleteTags"
        )
    ),
    "aws:ec2/subnet:Subnet": Grant(
        regional=words(
            "ec2:CreateSubnet ec2:DeleteSubnet ec2:DescribeSubnets ec2:ModifySubnetAttribute "
            "ec2:DescribeNetworkInterfaces ec2:DescribeAvailabilityZones ec2:CreateTags ec2:DeleteTags"
        )
    ),
    "aws:ec2/eip:Eip": Grant(
        regional=words(
            "ec2:AllocateAddress ec2:ReleaseAddress ec2:DescribeAddresses ec2:DescribeAddressesAttribute "
            "ec2:DisassociateAddress ec2:CreateTags ec2:DeleteTags"
        )
    ),
    "aws:ec2/natGateway:NatGateway": Grant(
        regional=words(
            "ec2:CreateNatGateway ec2:DeleteNatGateway ec2:DescribeNatGateways ec2:CreateTags ec2:DeleteTags"
        )
    ),
    # route53:AssociateVPCWithHostedZone: assumed; an interface endpoint's private names are a hosted zone of AWS's own.
    "aws:ec2/vpcEndpoint:VpcEndpoint": Grant(
        regional=words(
            "ec2:CreateVpcEndpoint ec2:ModifyVpcEndpoint ec2:DeleteVpcEndpoints ec2:DescribeVpcEndpoints "
            "ec2:DescribePrefixLists ec2:CreateTags ec2:DeleteTags route53:AssociateVPCWithHostedZone"
        )
    ),
    "aws:ec2/internetGateway:InternetGateway": Grant(
        regional=words(
            "ec2:CreateInternetGateway ec2:AttachInternetGateway ec2:DetachInternetGateway ec2:DeleteInternetGateway "
            "ec2:DescribeInternetGateways ec2:CreateTags ec2:DeleteTags"
        )
    ),
    "aws:ec2/routeTable:RouteTable": Grant(
        regional=words(
            "ec2:CreateRouteTable ec2:DeleteRouteTable ec2:DescribeRouteTables ec2:CreateRoute ec2:ReplaceRoute "
            "ec2:DeleteRoute ec2:CreateTags ec2:DeleteTags"
        )
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Grant(
        regional=words(
            "ec2:AssociateRouteTable ec2:DisassociateRouteTable ec2:ReplaceRouteTableAssociation "
            "ec2:DescribeRouteTables"
        )
    ),
    "aws:ec2/securityGroup:SecurityGroup": Grant(
        regional=words(
            "ec2:CreateSecurityGroup ec2:DeleteSecurityGroup ec2:DescribeSecurityGroups "
            "ec2:DescribeNetworkInterfaces ec2:RevokeSecurityGroupEgress ec2:RevokeSecurityGroupIngress "
            "ec2:CreateTags ec2:DeleteTags"
        )
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Grant(
        regional=words(
            "ec2:AuthorizeSecurityGroupIngress ec2:RevokeSecurityGroupIngress ec2:ModifySecurityGroupRules "
            "ec2:DescribeSecurityGroupRules ec2:CreateTags ec2:DeleteTags"
        )
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Grant(
        regional=words(
            "ec2:AuthorizeSecurityGroupEgress ec2:RevokeSecurityGroupEgress ec2:ModifySecurityGroupRules "
            "ec2:DescribeSecurityGroupRules ec2:CreateTags ec2:DeleteTags"
        )
    ),
    "aws:ecr/repository:Repository": Grant(
        words(
            "ecr:CreateRepository ecr:DeleteRepository ecr:DescribeRepositories ecr:PutImageScanningConfiguration "
            "ecr:PutImageTagMutability ecr:ListTagsForResource ecr:TagResource ecr:UntagResource"
        ),
        _REPOSITORY,
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Grant(
        words("ecr:PutLifecyclePolicy ecr:GetLifecyclePolicy ecr:DeleteLifecyclePolicy"), _REPOSITORY
    ),
    IMAGE: Grant(
        words(
            "ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer ecr:InitiateLayerUpload "
            "ecr:UploadLayerPart ecr:CompleteLayerUpload ecr:PutImage"
        ),
        _REPOSITORY,
        ("ecr:GetAuthorizationToken",),
    ),
    "aws:ecs/cluster:Cluster": Grant(
        words(
            "ecs:DeleteCluster ecs:DescribeClusters ecs:UpdateCluster ecs:ListTagsForResource ecs:TagResource "
            "ecs:UntagResource"
        ),
        ("arn:aws:ecs:{region}:{account}:cluster/{name}",),
        ("ecs:CreateCluster",),
    ),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": Grant(
        words("ecs:PutClusterCapacityProviders ecs:DescribeClusters"),
        ("arn:aws:ecs:{region}:{account}:cluster/{name}",),
    ),
    "aws:ecs/service:Service": Grant(
        words(
            "ecs:CreateService ecs:DeleteService ecs:DescribeServices ecs:UpdateService ecs:ListServiceDeployments "
            "ecs:ListTagsForResource ecs:TagResource ecs:UntagResource"
        ),
        ("arn:aws:ecs:{region}:{account}:service/{name}/{name}",),
        ("ecs:DescribeServiceDeployments",),
    ),
    "aws:ecs/taskDefinition:TaskDefinition": Grant(
        words("ecs:RegisterTaskDefinition ecs:ListTagsForResource ecs:TagResource ecs:UntagResource"),
        ("arn:aws:ecs:{region}:{account}:task-definition/{name}:*",),
        words("ecs:DescribeTaskDefinition ecs:DeregisterTaskDefinition"),
    ),
    "aws:iam/role:Role": Grant(
        words(
            "iam:CreateRole iam:DeleteRole iam:GetRole iam:UpdateRole iam:UpdateAssumeRolePolicy iam:ListRolePolicies "
            "iam:ListAttachedRolePolicies iam:ListInstanceProfilesForRole iam:TagRole iam:UntagRole"
        ),
        (*ROLES, *AUDIT_ROLES, *TRAINING_ROLES),
    ),
    "aws:iam/rolePolicy:RolePolicy": Grant(
        words("iam:PutRolePolicy iam:GetRolePolicy iam:DeleteRolePolicy"),
        (*ROLES[:1], *AUDIT_ROLES, *TRAINING_ROLES),
    ),
    "aws:lb/loadBalancer:LoadBalancer": Grant(
        words(
            "elasticloadbalancing:CreateLoadBalancer elasticloadbalancing:DeleteLoadBalancer "
            "elasticloadbalancing:ModifyLoadBalancerAttributes elasticloadbalancing:SetSecurityGroups "
            f"elasticloadbalancing:SetSubnets elasticloadbalancing:SetIpAddressType {_ELB_TAGS}"
        ),
        (f"{_ELB}loadbalancer/app/{{name}}/*",),
        words(
            "elasticloadbalancing:DescribeLoadBalancers elasticloadbalancing:DescribeLoadBalancerAttributes "
            "elasticloadbalancing:DescribeCapacityReservation elasticloadbalancing:DescribeTags "
            "ec2:DescribeAccountAttributes ec2:DescribeInternetGateways ec2:DescribeSubnets ec2:DescribeVpcs "
            "ec2:DescribeSecurityGroups ec2:DescribeNetworkInterfaces"
        ),
    ),
    "aws:lb/targetGroup:TargetGroup": Grant(
        words(
            "elasticloadbalancing:CreateTargetGroup elasticloadbalancing:DeleteTargetGroup "
            "elasticloadbalancing:ModifyTargetGroup elasticloadbalancing:ModifyTargetGroupAttributes "
            f"{_ELB_TAGS}"
        ),
        (f"{_ELB}targetgroup/{{name}}/*",),
        words(
            "elasticloadbalancing:DescribeTargetGroups elasticloadbalancing:DescribeTargetGroupAttributes "
            "elasticloadbalancing:DescribeTags"
        ),
    ),
    "aws:lb/listener:Listener": Grant(
        words(
            "elasticloadbalancing:CreateListener elasticloadbalancing:DeleteListener "
            f"elasticloadbalancing:ModifyListener elasticloadbalancing:ModifyListenerAttributes {_ELB_TAGS}"
        ),
        (f"{_ELB}loadbalancer/app/{{name}}/*", f"{_ELB}listener/app/{{name}}/*"),
        words(
            "elasticloadbalancing:DescribeListeners elasticloadbalancing:DescribeListenerAttributes "
            "elasticloadbalancing:DescribeTags"
        ),
    ),
    "aws:cloudwatch/dashboard:Dashboard": Grant(
        words("cloudwatch:PutDashboard cloudwatch:GetDashboard cloudwatch:DeleteDashboards"), _WATCHING
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Grant(
        words(
            "cloudwatch:PutMetricAlarm cloudwatch:DeleteAlarms cloudwatch:DescribeAlarms "
            "cloudwatch:ListTagsForResource cloudwatch:TagResource cloudwatch:UntagResource"
        ),
        _WATCHING,
    ),
    "aws:budgets/budget:Budget": Grant(
        words(
            "budgets:ModifyBudget budgets:ViewBudget budgets:ListTagsForResource budgets:TagResource "
            "budgets:UntagResource"
        ),
        ("arn:aws:budgets::{account}:budget/{name}-month",),
    ),
    "aws:sns/topic:Topic": Grant(
        words(
            "sns:CreateTopic sns:DeleteTopic sns:GetTopicAttributes sns:SetTopicAttributes sns:ListTagsForResource "
            "sns:TagResource sns:UntagResource"
        ),
        _TOPICS,
    ),
    "aws:sns/topicSubscription:TopicSubscription": Grant(
        ("sns:Subscribe",),
        _TOPICS,
        words("sns:GetSubscriptionAttributes sns:SetSubscriptionAttributes sns:Unsubscribe"),
    ),
    "aws:secretsmanager/secret:Secret": Grant(
        words(
            "secretsmanager:CreateSecret secretsmanager:DeleteSecret secretsmanager:DescribeSecret "
            "secretsmanager:UpdateSecret secretsmanager:GetResourcePolicy secretsmanager:TagResource "
            "secretsmanager:UntagResource"
        ),
        ("arn:aws:secretsmanager:{region}:{account}:secret:{name}-*",),
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": Grant(
        words(
            "secretsmanager:PutSecretValue secretsmanager:GetSecretValue secretsmanager:DescribeSecret "
            "secretsmanager:UpdateSecretVersionStage"
        ),
        ("arn:aws:secretsmanager:{region}:{account}:secret:{name}-*",),
    ),
    "aws:s3/bucket:Bucket": Grant(
        words(
            "s3:CreateBucket s3:DeleteBucket s3:ListBucket s3:ListBucketVersions s3:GetBucketLocation s3:GetBucketAcl "
            "s3:GetBucketCORS s3:GetBucketWebsite s3:GetBucketVersioning s3:GetAccelerateConfiguration "
            "s3:GetBucketRequestPayment s3:GetBucketLogging s3:GetLifecycleConfiguration "
            "s3:GetReplicationConfiguration s3:GetEncryptionConfiguration s3:GetBucketObjectLockConfiguration "
            "s3:GetBucketTagging s3:PutBucketTagging s3:ListTagsForResource s3:TagResource s3:UntagResource "
            "s3:DeleteObject s3:DeleteObjectVersion"
        ),
        # Objects of the switches alone: `force_destroy` empties their store, and nobody the store of audit records.
        (
            "arn:aws:s3:::{store}",
            "arn:aws:s3:::{store}/flags/*",
            "arn:aws:s3:::{audit}",
            *_MODELS,
            "arn:aws:s3:::{models}/*",
            *_ACCESS_LOGS,
        ),
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Grant(
        words("s3:GetLifecycleConfiguration s3:PutLifecycleConfiguration"), (*_MODELS, *_ACCESS_LOGS)
    ),
    # With it the program asks for the key that the stack's file names, to say what is wrong with that.
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Grant(
        words("s3:GetEncryptionConfiguration s3:PutEncryptionConfiguration"), _MODELS, ("kms:DescribeKey",)
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Grant(
        words("s3:GetBucketVersioning s3:PutBucketVersioning"), ("arn:aws:s3:::{audit}",)
    ),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": Grant(
        words("s3:GetBucketObjectLockConfiguration s3:PutBucketObjectLockConfiguration"), ("arn:aws:s3:::{audit}",)
    ),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": Grant(
        words(
            "firehose:CreateDeliveryStream firehose:DeleteDeliveryStream firehose:DescribeDeliveryStream "
            "firehose:UpdateDestination firehose:ListTagsForDeliveryStream firehose:TagDeliveryStream "
            "firehose:UntagDeliveryStream"
        ),
        ("arn:aws:firehose:{region}:{account}:deliverystream/{base}-audit",),
    ),
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": Grant(
        words("logs:PutSubscriptionFilter logs:DeleteSubscriptionFilter logs:DescribeSubscriptionFilters"),
        ("arn:aws:logs:{region}:{account}:log-group:/{name}", "arn:aws:logs:{region}:{account}:log-group:/{name}:*"),
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Grant(
        words("s3:GetBucketPublicAccessBlock s3:PutBucketPublicAccessBlock"),
        ("arn:aws:s3:::{store}", "arn:aws:s3:::{audit}", *_MODELS, *_ACCESS_LOGS),
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Grant(
        words("s3:GetBucketPolicy s3:PutBucketPolicy s3:DeleteBucketPolicy"),
        ("arn:aws:s3:::{store}", "arn:aws:s3:::{audit}", *_MODELS, *_ACCESS_LOGS),
    ),
    # WAF reads the ACL back through what it is associated with, and needs both to be named.
    "aws:wafv2/webAcl:WebAcl": Grant(
        words(
            "wafv2:CreateWebACL wafv2:DeleteWebACL wafv2:GetWebACL wafv2:UpdateWebACL wafv2:ListTagsForResource "
            "wafv2:TagResource wafv2:UntagResource"
        ),
        ("arn:aws:wafv2:{region}:{account}:regional/webacl/{name}/*",),
    ),
    "aws:wafv2/webAclAssociation:WebAclAssociation": Grant(
        words(
            "wafv2:AssociateWebACL wafv2:DisassociateWebACL wafv2:GetWebACLForResource wafv2:GetWebACL "
            "elasticloadbalancing:CreateWebACLAssociation elasticloadbalancing:DeleteWebACLAssociation "
            "elasticloadbalancing:GetLoadBalancerWebACL"
        ),
        ("arn:aws:wafv2:{region}:{account}:regional/webacl/{name}/*", f"{_ELB}loadbalancer/app/{{name}}/*"),
        # Takes no resource, although WAF's own guide names one (Service Authorization Reference, ELB v2).
        ("elasticloadbalancing:SetWebAcl",),
    ),
    RECORD: Grant(
        words("route53:ChangeResourceRecordSets route53:GetHostedZone route53:ListResourceRecordSets"),
        _ZONE,
        ("route53:GetChange",),
    ),
    "aws:route53/zone:Zone": Grant(
        words(
            "route53:GetHostedZone route53:DeleteHostedZone route53:UpdateHostedZoneComment "
            "route53:UpdateHostedZoneFeatures route53:ListResourceRecordSets route53:ChangeResourceRecordSets "
            "route53:ChangeTagsForResource route53:ListTagsForResource"
        ),
        _ZONE,
        words("route53:CreateHostedZone route53:GetChange"),
    ),
    "aws:route53/healthCheck:HealthCheck": Grant(
        words(
            "route53:GetHealthCheck route53:UpdateHealthCheck route53:DeleteHealthCheck "
            "route53:ChangeTagsForResource route53:ListTagsForResource"
        ),
        _CHECK,
        ("route53:CreateHealthCheck",),
    ),
}

DRILL = (
    Grant(
        words(
            "route53:GetHealthCheck route53:GetHealthCheckStatus route53:GetHostedZone route53:ListHealthChecks "
            "route53:ListHostedZones route53:ListResourceRecordSets route53:ListTagsForResources"
        ),
        ("*",),
    ),
    Grant(words("route53:ChangeTagsForResource route53:UpdateHealthCheck"), _CHECK),
    Grant(("ecs:DescribeServices",), ("arn:aws:ecs:{region}:{account}:service/{name}/{name}",)),
)
"""Takes a site out by its health check and puts it back. No record and no check is made, deleted or repointed.
The survivors' tasks are counted; without that permission the report says that they are not known."""

DRILL_LEVEL_3 = Grant(
    ("ecs:UpdateService",),
    ("arn:aws:ecs:{region}:{account}:service/{name}/{name}",),
    words("application-autoscaling:DescribeScalableTargets application-autoscaling:RegisterScalableTarget"),
)
"""Takes a site's tasks away and brings them back."""

TRAINER = (
    Grant(
        words(
            "sagemaker:CreateTrainingJob sagemaker:DescribeTrainingJob sagemaker:StopTrainingJob sagemaker:AddTags "
            "sagemaker:ListTags"
        ),
        ("arn:aws:sagemaker:{region}:{account}:training-job/outlast-*",),
        ("sagemaker:ListTrainingJobs",),
    ),
    Grant(
        words("logs:DescribeLogStreams logs:GetLogEvents"),
        (
            "arn:aws:logs:{region}:{account}:log-group:/aws/sagemaker/TrainingJobs",
            "arn:aws:logs:{region}:{account}:log-group:/aws/sagemaker/TrainingJobs:*",
        ),
    ),
    Grant(words("s3:ListBucket s3:GetBucketLocation"), _MODELS),
    Grant(words("s3:GetObject s3:PutObject s3:AbortMultipartUpload"), ("arn:aws:s3:::{models}/data/*",)),
    Grant(words("s3:GetObject"), ("arn:aws:s3:::{models}/output/*",)),
)
"""Whoever runs `outlast model train --on aws`: uploads data, starts jobs and looks at them, fetches what they made."""
