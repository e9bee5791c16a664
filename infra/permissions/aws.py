"""The policies for AWS, made of the rows of its table. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.alerts import METRICS_REGION
from infra.permissions.aws_table import (
    AUDIT_ROLES,
    DRILL,
    DRILL_LEVEL_3,
    GRANTS,
    ROLES,
    TRAINER,
    TRAINING_ROLES,
    Grant,
)
from infra.permissions.in_use import RECORD, types_of


@dataclass(frozen=True)
class Scope:
    """Where a policy is to hold: `names` are those of the sites' resources, `<prefix>-<stack>`.

    `bases` are those of the base stacks that take audit records, `outlast-<stack>`, and `audit` is their bucket;
    `traffic` are the traffic stacks, whose alarms have their names; `training` the names of training stacks' resources,
    `outlast-<stack>`, `models` is their bucket, `sources` are the other buckets that jobs read, `keys` encrypt them;
    `ways_out` are the settings `outlast:egress` of the sites.
    """

    account: str
    regions: Sequence[str]
    names: Sequence[str]
    zone_id: str = "ZONE_ID"
    store: str = ""
    bases: Sequence[str] = ()
    audit: str = ""
    traffic: Sequence[str] = ()
    training: Sequence[str] = ()
    models: str = ""
    ways_out: Sequence[str] = ("nat",)
    sources: Sequence[str] = ()
    keys: Sequence[str] = ()


LARGEST_MANAGED, LARGEST_INLINE = 6144, 10240
"""Characters of a managed policy, and of all that is written into a role itself; white space not counted (IAM)."""

ON_AWS = ("zone", "aws", "traffic", "base-aws", "training-aws")
"""The kinds of stack that lie on AWS with all that they have."""

WAYS_OUT: Mapping[str, tuple[str, ...]] = {
    "nat": ("aws:ec2/eip:Eip", "aws:ec2/natGateway:NatGateway"),
    "endpoints": ("aws:ec2/vpcEndpoint:VpcEndpoint",),
}
"""`outlast:egress` -> the types that are registered for it alone."""

LINKED = (
    "ecs.amazonaws.com",
    "ecs.application-autoscaling.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
)
"""Services that make their own role in an account with the first resource."""


def deployer_policy(scope: Scope, kinds: Iterable[str]) -> dict[str, Any]:
    """What whoever runs `pulumi up` of these kinds of stack has to be allowed to, and no more."""
    kinds = tuple(kinds)
    types = [type_ for kind in kinds for type_ in _on_aws(kind)]
    left_out = {type_ for way, unused in WAYS_OUT.items() if way not in scope.ways_out for type_ in unused}
    statements = _statements([GRANTS[type_] for type_ in dict.fromkeys(types) if type_ not in left_out], scope)
    if "aws" in kinds:
        statements += [_pass_role(scope, "ecs-tasks", ROLES), _linked_roles(scope)]
    if scope.bases:
        passed = (("base-aws", "firehose", AUDIT_ROLES[:1]), ("aws", "logs", AUDIT_ROLES[1:]))
        statements += [_pass_role(scope, service, roles) for kind, service, roles in passed if kind in kinds]
    return _policy(statements)


def drill_policy(scope: Scope, level: int = 1) -> dict[str, Any]:
    """What whoever runs `outlast drill` at this level has to be allowed to, and no more."""
    return _policy(_statements((*DRILL, DRILL_LEVEL_3) if level >= 3 else DRILL, scope))


def trainer_policy(scope: Scope) -> dict[str, Any]:
    """What whoever runs `outlast model train --on aws` has to be allowed to, and no more."""
    statements = [*_statements(TRAINER, scope), _pass_role(scope, "sagemaker", TRAINING_ROLES)]
    if scope.sources:
        buckets = [f"arn:aws:s3:::{source}" for source in scope.sources]
        # Each table is read once before a job starts, for its digest.
        statements += [_allow(("s3:ListBucket",), buckets), _allow(("s3:GetObject",), [f"{one}/*" for one in buckets])]
    if scope.keys:
        statements.append(_allow(("kms:Decrypt", "kms:GenerateDataKey"), list(scope.keys)))
    return _policy(statements)


def _on_aws(kind: str) -> list[str]:
    """The types of a stack that touch AWS: of another cloud's site its records alone."""
    return [type_ for type_ in types_of(kind) if kind in ON_AWS or type_ == RECORD]


def _policy(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


def _statements(grants: Sequence[Grant], scope: Scope) -> list[dict[str, Any]]:
    """One statement for each set of resources, and one for what takes none but a region's."""
    by_resources: dict[tuple[str, ...], set[str]] = {}
    for grant in grants:
        if grant.actions and _expand(grant.resources, scope):
            by_resources.setdefault(_expand(grant.resources, scope), set()).update(grant.actions)
    statements = [_allow(actions, list(resources)) for resources, actions in by_resources.items()]
    free = {action for grant in grants for action in grant.regional}
    # Route 53 is global: its calls name the region that signs them, us-east-1, wherever the sites are.
    everywhere = {action for action in free if action.startswith("route53:")}
    if everywhere:
        statements.append(_allow(everywhere, "*"))
    if free - everywhere:
        regions = sorted({*scope.regions, *([METRICS_REGION] if scope.traffic else [])})
        statements.append(_allow(free - everywhere, "*", {"StringEquals": {"aws:RequestedRegion": regions}}))
    return statements


def _expand(templates: Iterable[str], scope: Scope) -> tuple[str, ...]:
    words = {
        "{name}": scope.names,
        "{store}": scope.store,
        "{base}": scope.bases,
        "{audit}": scope.audit,
        "{traffic}": scope.traffic,
        "{training}": scope.training,
        "{models}": scope.models,
    }
    absent = [word for word, given in words.items() if not given]
    filled = [
        template.format(
            account=scope.account,
            region=region,
            name=name,
            zone_id=scope.zone_id,
            store=scope.store,
            base=base,
            audit=scope.audit,
            traffic=traffic,
            training=training,
            models=scope.models,
        )
        for template in templates
        if not any(word in template for word in absent)
        for region in scope.regions or ("",)
        for name in scope.names or ("",)
        for base in scope.bases or ("",)
        for traffic in scope.traffic or ("",)
        for training in scope.training or ("",)
    ]
    return tuple(dict.fromkeys(filled))


def _allow(actions: Iterable[str], resources: Any, condition: dict[str, Any] | None = None) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": resources}
    return statement | ({"Condition": condition} if condition else {})


def _pass_role(scope: Scope, service: str, roles: Sequence[str]) -> dict[str, Any]:
    """The service gets these roles and no other, and no other service gets them."""
    condition = {"StringEquals": {"iam:PassedToService": f"{service}.amazonaws.com"}}
    return _allow(("iam:PassRole",), list(_expand(roles, scope)), condition)


def _linked_roles(scope: Scope) -> dict[str, Any]:
    condition = {"StringEquals": {"iam:AWSServiceName": list(LINKED)}}
    return _allow(("iam:CreateServiceLinkedRole",), f"arn:aws:iam::{scope.account}:role/aws-service-role/*", condition)
