"""The prices by which costs are reckoned: one table, each row with its unit and where it is from. Pure.

List prices in USD of us-east-1, East US and us-central1, without tax and without any discount. `CHECKED` is the day on
which the whole table was last gone through; older than `STALE_DAYS` it is still used, and every report says so. A row
that is `assumed` was not found in a vendor's page at that time.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

CHECKED = datetime.date(2026, 11, 28)
STALE_DAYS = 90

HOURS = 730.0
"""Of a month, as the clouds' own calculators count it."""
SECONDS = HOURS * 3600

REGIONS: Mapping[str, str] = {"aws": "us-east-1", "azure": "eastus", "gcp": "us-central1"}
"""Cloud -> the region whose prices these are."""


@dataclass(frozen=True)
class Price:
    """What one `unit` costs; `free` of them a month cost nothing."""

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
    "aws-nat": Price(0.045, "hour", "aws.amazon.com/vpc/pricing", assumed=True),
    "aws-endpoint": Price(0.01, "endpoint hour", "aws.amazon.com/privatelink/pricing", assumed=True),
    "aws-address": Price(0.005, "address hour", "aws.amazon.com/vpc/pricing", assumed=True),
    "aws-out": Price(0.09, "GB", "aws.amazon.com/ec2/pricing/on-demand", free=100.0, assumed=True),
    "aws-logs": Price(0.50, "GB", "aws.amazon.com/cloudwatch/pricing", free=5.0, assumed=True),
    "aws-insights": Price(0.30, "metric", "aws.amazon.com/cloudwatch/pricing", assumed=True),
    # Keeping a GB for a month; that load balancers deliver costs nothing.
    "aws-access-log": Price(0.023, "GB month", "aws.amazon.com/s3/pricing", assumed=True),
    "aws-dashboard": Price(3.00, "dashboard", "aws.amazon.com/cloudwatch/pricing", free=3.0, assumed=True),
    "aws-acl-policy": Price(5.00, "web ACL", _WAF, assumed=True),
    "aws-acl-rule": Price(1.00, "rule", _WAF, assumed=True),
    "aws-acl-requests": Price(0.60, "million requests", _WAF, assumed=True),
    "azure-logs": Price(2.30, "GB", "azure.microsoft.com/pricing/details/monitor", free=5.0, assumed=True),
    "azure-logs-more": Price(2.30, "GB", "azure.microsoft.com/pricing/details/monitor", assumed=True),
    "azure-cpu": Price(0.000024, "vCPU second", _APPS, free=180_000.0, assumed=True),
    "azure-memory": Price(0.000003, "GiB second", _APPS, free=360_000.0, assumed=True),
    "azure-requests": Price(0.40, "million requests", _APPS, free=2.0, assumed=True),
    "azure-registry": Price(0.1666, "day", "azure.microsoft.com/pricing/details/container-registry", assumed=True),
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
    "gcp-logs": Price(0.50, "GB", "cloud.google.com/products/observability/pricing", free=50.0, assumed=True),
    "gcp-logs-more": Price(0.50, "GB", "cloud.google.com/products/observability/pricing", assumed=True),
    "gcp-out": Price(0.12, "GB", "cloud.google.com/vpc/network-pricing", assumed=True),
    "aws-secret": Price(0.40, "secret", "aws.amazon.com/secrets-manager/pricing", assumed=True),
    "gcp-secret": Price(0.06, "active version", "cloud.google.com/secret-manager/pricing", free=6.0, assumed=True),
    "aws-alarm": Price(0.10, "alarm", "aws.amazon.com/cloudwatch/pricing", assumed=True),
    "azure-alarm": Price(0.10, "signal", "azure.microsoft.com/pricing/details/monitor", assumed=True),
    "gcp-alarm": Price(0.10, "condition", "cloud.google.com/stackdriver/pricing", assumed=True),
    "gcp-scan": Price(0.26, "image", "cloud.google.com/artifact-analysis/pricing", assumed=True),
    "aws-audit-object": Price(0.000005, "object", "aws.amazon.com/s3/pricing", assumed=True),
    "aws-audit-carried": Price(0.029, "GB", "aws.amazon.com/firehose/pricing", assumed=True),
    "aws-audit-kept": Price(0.023, "GB month", "aws.amazon.com/s3/pricing", assumed=True),
    "azure-audit-carried": Price(0.25, "GB", "azure.microsoft.com/pricing/details/monitor", assumed=True),
    "azure-audit-kept": Price(0.026, "GB month", "azure.microsoft.com/pricing/details/storage/blobs", assumed=True),
    "gcp-audit-carried": Price(0.50, "GB", "cloud.google.com/products/observability/pricing", assumed=True),
    "gcp-audit-kept": Price(0.01, "GB month", "cloud.google.com/products/observability/pricing", assumed=True),
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
