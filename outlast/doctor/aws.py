"""What `outlast doctor` asks AWS: whose credentials these are, how much the account may have, the role of ECS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from failover.levers.clouds import Clouds, translate_errors
from infra.settings.profiles import SMALL, Profile
from outlast.doctor.checks import Finding, fine, unknown, wrong
from outlast.doctor.stacks import Config, Subjects
from service.errors import Unavailable

_ROLE = "AWSServiceRoleForECS"
_MAKE_ROLE = "aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com"
_ASK = "aws service-quotas request-service-quota-increase --service-code {} --quota-code {} --desired-value N"


@dataclass(frozen=True)
class Quota:
    """A quota of an account in a region, by the names of Service Quotas; `each` is what one site takes of it."""

    service: str
    code: str
    what: str

    def needed(self, sites: Sequence[Config]) -> float:
        """What the sites of a set take at their largest."""
        if self.service != "fargate":
            return len(sites)
        return sum(_size(site, "cpu") * _most(site) for site in sites)


# docs.aws.amazon.com/general/latest/gr/{vpc-service,elb,ecs-service}.html
QUOTAS = (
    Quota("vpc", "L-F678F1CE", "VPCs"),
    Quota("elasticloadbalancing", "L-53DA6B97", "Application Load Balancers"),
    Quota("fargate", "L-3032A538", "vCPUs of Fargate"),
)


def _most(site: Config) -> float:
    """How many tasks run at once: while a deployment goes on, the old ones and the new."""
    return max(2 * _size(site, "minReplicas"), _size(site, "maxReplicas"))


def _size(site: Config, key: str) -> float:
    """A setting of a site as its file says it, or as its size gives it."""
    return float(site.get(f"outlast:{key}", Profile(str(site.get("outlast:size", SMALL)), "aws").number(key)))


def look_at_credentials(clouds: Clouds, subjects: Subjects) -> Finding:
    """Who these credentials are, and whether the stack files pin that account."""
    try:
        with translate_errors("ask AWS whose credentials these are"):
            caller = clouds.aws("sts", subjects.zone_region).get_caller_identity()
    except Unavailable as error:
        return wrong(error.what, error.hint)
    account, allowed = str(caller["Account"]), subjects.accounts
    if account in allowed:
        return fine(f"{caller['Arn']}, in the account that the files pin")
    pinned = " or ".join(sorted(allowed)) or "no account together"
    return wrong(
        f"{caller['Arn']} is of {account}, and the files pin {pinned}", "AWS_PROFILE, or aws:allowedAccountIds"
    )


def look_at_quota(clouds: Clouds, region: str, quota: Quota, sites: Sequence[Config]) -> Finding:
    """How much of something the account may have in a region, and whether the sites of the set fit in."""
    limit, needed = read_limit(clouds, region, quota), quota.needed(sites)
    told = f"{limit:g} {quota.what}; the sites of these files take up to {needed:g}"
    ask = f"{_ASK.format(quota.service, quota.code)} --region {region}"
    if limit < needed:
        return wrong(told, ask)
    used = count_used(clouds, region, quota)
    if used is not None and limit - used < needed:
        return unknown(f"{told}, and {used} are in use: enough only if those are theirs", ask)
    return fine(told + (f", and {used} are in use" if used is not None else ""))


def read_limit(clouds: Clouds, region: str, quota: Quota) -> float:
    """The account's own limit, or what every account has where nobody asked for another."""
    client, asked = clouds.aws("service-quotas", region), {"ServiceCode": quota.service, "QuotaCode": quota.code}
    with translate_errors(f"read the quota {quota.code}"):
        try:
            found: dict[str, Any] = client.get_service_quota(**asked)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchResourceException":
                raise
            found = client.get_aws_default_service_quota(**asked)
    return float(found["Quota"]["Value"])


def count_used(clouds: Clouds, region: str, quota: Quota) -> int | None:
    """How many there are already; None of what no API counts."""
    with translate_errors(f"count {quota.what} in {region}"):
        if quota.service == "vpc":
            pages = clouds.aws("ec2", region).get_paginator("describe_vpcs").paginate()
            return sum(len(page["Vpcs"]) for page in pages)
        if quota.service == "elasticloadbalancing":
            pages = clouds.aws("elbv2", region).get_paginator("describe_load_balancers").paginate()
            return [one["Type"] for page in pages for one in page["LoadBalancers"]].count("application")
    return None


def look_at_role(clouds: Clouds, region: str) -> Finding:
    """ECS makes its role with an account's first cluster, whose tasks may start before it is there."""
    with translate_errors(f"look for the role {_ROLE}"):
        try:
            clouds.aws("iam", region).get_role(RoleName=_ROLE)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchEntity":
                raise
            return unknown(f"{_ROLE} is not there: the first tasks may fail once", _MAKE_ROLE)
    return fine(_ROLE)
