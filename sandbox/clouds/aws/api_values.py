"""Inputs that an operation of AWS's API bounds in its own model: values beyond are refused in the preview.

botocore carries the models: which values an input has, how long a text is and what is in it, how large a number. Inputs
are theirs where their names are the API's, whatever the case; those that pulumi-aws calls otherwise have rows of their
own at their types. EC2 is left out: its model bounds next to nothing, and takes half a second to read.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.model import ListShape, Shape, StructureShape

from sandbox.clouds.kinds import KINDS
from sandbox.clouds.rules import Mistake, values_at
from sandbox.clouds.values import Values
from sandbox.engine import sdk

OPERATIONS: Mapping[str, tuple[str, str]] = {
    "aws:acm/certificate:Certificate": ("acm", "RequestCertificate"),
    "aws:appautoscaling/policy:Policy": ("application-autoscaling", "PutScalingPolicy"),
    "aws:appautoscaling/target:Target": ("application-autoscaling", "RegisterScalableTarget"),
    "aws:cloudwatch/logGroup:LogGroup": ("logs", "CreateLogGroup"),
    "aws:cloudwatch/dashboard:Dashboard": ("cloudwatch", "PutDashboard"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("cloudwatch", "PutMetricAlarm"),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": ("ecr", "PutLifecyclePolicy"),
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": ("logs", "PutSubscriptionFilter"),
    "aws:ecr/repository:Repository": ("ecr", "CreateRepository"),
    "aws:ecs/cluster:Cluster": ("ecs", "CreateCluster"),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": ("ecs", "PutClusterCapacityProviders"),
    "aws:ecs/service:Service": ("ecs", "CreateService"),
    "aws:ecs/taskDefinition:TaskDefinition": ("ecs", "RegisterTaskDefinition"),
    "aws:iam/role:Role": ("iam", "CreateRole"),
    "aws:iam/rolePolicy:RolePolicy": ("iam", "PutRolePolicy"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ("iam", "AttachRolePolicy"),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": ("firehose", "CreateDeliveryStream"),
    "aws:lb/listener:Listener": ("elbv2", "CreateListener"),
    "aws:lb/loadBalancer:LoadBalancer": ("elbv2", "CreateLoadBalancer"),
    "aws:lb/targetGroup:TargetGroup": ("elbv2", "CreateTargetGroup"),
    "aws:route53/healthCheck:HealthCheck": ("route53", "CreateHealthCheck"),
    "aws:route53/zone:Zone": ("route53", "CreateHostedZone"),
    "aws:s3/bucket:Bucket": ("s3", "CreateBucket"),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": ("s3", "PutBucketLifecycleConfiguration"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "s3",
        "PutBucketEncryption",
    ),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": ("s3", "PutObjectLockConfiguration"),
    "aws:s3/bucketPolicy:BucketPolicy": ("s3", "PutBucketPolicy"),
    "aws:s3/bucketVersioning:BucketVersioning": ("s3", "PutBucketVersioning"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": ("s3", "PutPublicAccessBlock"),
    "aws:secretsmanager/secret:Secret": ("secretsmanager", "CreateSecret"),
    "aws:secretsmanager/secretVersion:SecretVersion": ("secretsmanager", "PutSecretValue"),
    "aws:sns/topic:Topic": ("sns", "CreateTopic"),
    "aws:sns/topicSubscription:TopicSubscription": ("sns", "Subscribe"),
}
"""The operation that makes a resource of the type."""


_MOST_TAGS, _LONGEST_KEY, _LONGEST_VALUE = 50, 128, 256


@dataclass(frozen=True)
class Bound:
    """What an operation takes for one of its members."""

    values: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    pattern: str = ""

    def refusal(self, value: Any) -> str:
        """The constraint that a value fails, as AWS's APIs say it; "" where it fails none, or is not given at all."""
        if isinstance(value, bool) or not isinstance(value, int | float | str) or value == "":
            return ""
        if self.values:
            return "" if value in self.values else f"Member must satisfy enum value set: [{', '.join(self.values)}]"
        return self._size(value) or self._form(value)

    def __str__(self) -> str:
        if self.values:
            return f"one of {', '.join(self.values)}"
        ends = [f"{self.least}" if self.least is not None else "", f"{self.most}" if self.most is not None else ""]
        within = " to ".join(end or "any" for end in ends) if any(ends) else ""
        return " ".join(filter(None, [within, f"like {self.pattern}" if self.pattern else ""]))

    def _size(self, value: float | str) -> str:
        size, what = (len(value), "length") if isinstance(value, str) else (value, "value")
        if self.least is not None and size < self.least:
            return f"Member must have {what} greater than or equal to {self.least}"
        if self.most is not None and size > self.most:
            return f"Member must have {what} less than or equal to {self.most}"
        return ""

    def _form(self, value: float | str) -> str:
        expression = _compile(self.pattern) if isinstance(value, str) else None
        if expression is None or expression.fullmatch(str(value)):
            return ""
        return f"Member must satisfy regular expression pattern: {self.pattern}"


@functools.cache
def _compile(pattern: str) -> re.Pattern[str] | None:
    """The expression, or None for none and for one that only Java reads."""
    try:
        return re.compile(pattern) if pattern else None
    except re.error:
        return None


def mistakes(type_: str, inputs: Values) -> list[Mistake]:
    """(path, reason) of every value that the API's own model refuses; what the type's row says is left to it."""
    if not type_.startswith("aws:"):
        return []
    return [*_beyond_bounds(type_, inputs), *_wrong_tags(inputs.get("tags"))]


def _wrong_tags(tags: Any) -> Iterator[Mistake]:
    """docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html, "Tag naming limits"."""
    given = tags if isinstance(tags, dict) else {}
    if len(given) > _MOST_TAGS:
        yield "tags", f"are {len(given)}, and a resource has {_MOST_TAGS} at most"
    for key, value in given.items():
        if not 1 <= len(key) <= _LONGEST_KEY or key.lower().startswith("aws:"):
            yield f"tags.{key}", f"is not a key of 1 to {_LONGEST_KEY} characters that does not begin with aws:"
        if isinstance(value, str) and len(value) > _LONGEST_VALUE:
            yield f"tags.{key}", f"has {len(value)} characters, and a tag's value {_LONGEST_VALUE} at most"


def _beyond_bounds(type_: str, inputs: Values) -> list[Mistake]:
    rows = KINDS[type_].limits if type_ in KINDS else {}
    return [
        (where, f"1 validation error detected: Value '{value}' at '{where}' failed to satisfy constraint: {refusal}")
        for path, bound in (bounds_of(type_) if type_ in OPERATIONS else {}).items()
        if path not in rows
        for where, value in values_at(inputs, path)
        if (refusal := bound.refusal(value))
    ]


@functools.cache
def bounds_of(type_: str) -> Mapping[str, Bound]:
    """Path of an input, as rows of `limits` write it -> what the operation takes there."""
    service, operation = OPERATIONS[type_]
    # A session of its own, so that the model is forgotten again: it is some hundred times as large as what it bounds.
    model = botocore.session.get_session().get_service_model(service)
    shape = model.operation_model(operation).input_shape
    return dict(_walk("", sdk.inputs_of(type_), shape)) if shape is not None else {}


def _walk(path: str, record: sdk.Record, shape: StructureShape) -> Iterator[tuple[str, Bound]]:
    members = {_plain(name): member for name, member in shape.members.items()}
    for name, field in record.fields.items():
        member = next((members[n] for n in _spellings(name) if n in members), None)
        if member is not None:
            yield from _bounds(f"{path}.{name}" if path else name, field.shape, member)


def _bounds(path: str, shape: sdk.Shape, member: Shape) -> Iterator[tuple[str, Bound]]:
    if isinstance(member, ListShape):
        member = member.member
    options = shape.options if isinstance(shape, sdk.OneOf) else (shape,)
    items = [option.item for option in options if isinstance(option, sdk.ListOf)]
    if items:
        path, options = f"{path}[]", items[0].options if isinstance(items[0], sdk.OneOf) else (items[0],)
    if isinstance(member, StructureShape):
        for record in (option for option in options if isinstance(option, sdk.Record)):
            yield from _walk(path, record, member)
    elif member.type_name in ("string", "integer", "long"):
        given = member.metadata
        bound = Bound(tuple(given.get("enum", ())), given.get("min"), given.get("max"), given.get("pattern", ""))
        if bound != Bound():
            yield path, bound


def _spellings(name: str) -> tuple[str, ...]:
    """An input's name as the API may have it: pulumi-aws writes lists in the plural."""
    plain = _plain(name)
    return plain, plain.rstrip("s"), f"{plain}s"


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
