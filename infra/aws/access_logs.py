"""The access logs of a site's load balancer on AWS: a line for each request, in a bucket of the site's own.

docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html: the bucket lies in the load
balancer's region, is encrypted by S3's own keys, and lets the log delivery service write.
"""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infra.applied import apply
from infra.aws.buckets import Statement, close_bucket
from infra.contract import SiteSpec
from infra.site import held

NAME = "access-logs"
DELIVERY = "logdelivery.elasticloadbalancing.amazonaws.com"


def name_prefix(name: str) -> str:
    """What the bucket's name begins with: its end is chance, as nobody else in the world may have the same."""
    return f"{name}-alb-"


def build_access_logs(
    name: str, spec: SiteSpec, target_group: aws.lb.TargetGroup
) -> aws.lb.LoadBalancerAccessLogsArgs | None:
    """Where the load balancer writes, once it may; None where nobody asked for it.

    The account is taken from the target group's ARN: the load balancer's own is not known before it is made.
    """
    if not spec.access_logs:
        return None
    # With logs in it S3 deletes no bucket: what holds them is `protect`, as it does a log group.
    bucket = aws.s3.Bucket(NAME, bucket_prefix=name_prefix(name), force_destroy=True, opts=held(spec))
    days = aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=spec.log_days)
    rule = aws.s3.BucketLifecycleConfigurationRuleArgs(
        id=NAME,
        status="Enabled",
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
        expiration=days,
    )
    aws.s3.BucketLifecycleConfiguration(NAME, bucket=bucket.bucket, rules=[rule])
    policy = close_bucket(NAME, bucket, _let_deliver(bucket, target_group))
    # Of the policy, not of the bucket: a load balancer is refused one that it may not write to.
    return aws.lb.LoadBalancerAccessLogsArgs(bucket=policy.bucket, enabled=True)


def _let_deliver(bucket: aws.s3.Bucket, target_group: aws.lb.TargetGroup) -> Statement:
    """Load balancers of this account and region may write."""
    parts = apply(target_group.arn, lambda arn: arn.split(":"))
    account = apply(parts, lambda found: found[4])
    balancers = apply(parts, lambda found: f"{':'.join(found[:5])}:loadbalancer/*")
    return {
        "Sid": "Deliver",
        "Effect": "Allow",
        "Principal": {"Service": DELIVERY},
        "Action": "s3:PutObject",
        "Resource": pulumi.Output.concat(bucket.arn, "/AWSLogs/", account, "/*"),
        "Condition": {"ArnLike": {"aws:SourceArn": balancers}},
    }
