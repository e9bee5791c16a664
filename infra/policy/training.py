"""The rules for stacks that training jobs need: closed stores, an end of checkpoints, an identity that may do little.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from infra.policy.base import ACCOUNT, GCS_BUCKET, NAMES, is_closed, name_of
from infra.policy.rule import Facts, Resource, Rule
from infra.policy.values import dig, listed, statements

IMAGE = "docker-build:index:Image"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
AZURE_LIFECYCLE = "azure-native:storage:ManagementPolicy"
ROLE_ASSIGNMENT = "azure-native:authorization:RoleAssignment"
BUCKET_MEMBER = "gcp:storage/bucketIAMMember:BucketIAMMember"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"

_KIND = ("training",)
# Actions that take no narrower resource than any (Service Authorization Reference: ECR, CloudWatch, EC2).
_WITHOUT_RESOURCE = {
    "ecr:GetAuthorizationToken",
    "cloudwatch:PutMetricData",
    *(f"ec2:Describe{what}" for what in ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")),
}


# A subscription, or a whole group: what lies in it next year is reached as well.
_WIDE_SCOPE = re.compile(r"(?i)/subscriptions/[^/]+(/resourceGroups/[^/]+)?/?")


def _closed(resources: Sequence[Resource], facts: Facts) -> list[str]:
    stores = [one for one in resources if one.type in NAMES]
    return [f"anybody may be let into '{name_of(one)}'" for one in stores if not is_closed(one, resources)]


def _by_own_key(resources: Sequence[Resource], facts: Facts) -> list[str]:
    """Asked of every store once the stack's file names a key."""
    if not facts.settings.get("kmsKey"):
        return []
    stores = [one for one in resources if one.type in NAMES]
    return [f"'{name_of(one)}' is encrypted by a key of the cloud's" for one in stores if not _key_of(one, resources)]


def _key_of(store: Resource, resources: Sequence[Resource]) -> bool:
    if store.type == ACCOUNT:
        return bool(dig(store.inputs, "encryption.keySource") == "Microsoft.Keyvault")
    if store.type == GCS_BUCKET:
        return bool(dig(store.inputs, "encryption.defaultKmsKeyName"))
    said = [one for one in resources if one.type == ENCRYPTION and dig(one.inputs, "bucket") == name_of(store)]
    return any(dig(one.inputs, f"rules.0.{_BY_DEFAULT}.kmsMasterKeyId") for one in said)


_BY_DEFAULT = "applyServerSideEncryptionByDefault"


def _checkpoints_end(resources: Sequence[Resource], facts: Facts) -> list[str]:
    stores = [one for one in resources if one.type in NAMES]
    return [f"'{name_of(one)}' keeps every checkpoint" for one in stores if not _expires(one, resources)]


def _expires(store: Resource, resources: Sequence[Resource]) -> bool:
    if store.type == ACCOUNT:
        ours = [one for one in resources if one.type == AZURE_LIFECYCLE]
        return any(dig(rule, _DELETED) for one in ours for rule in dig(one.inputs, "policy.rules", ()))
    if store.type == GCS_BUCKET:
        deleting = [one for one in dig(store.inputs, "lifecycleRules", ()) if dig(one, "action.type") == "Delete"]
        return any(dig(rule, "condition.age") for rule in deleting)
    rules = [
        rule
        for one in resources
        if one.type == LIFECYCLE and dig(one.inputs, "bucket") == name_of(store)
        for rule in dig(one.inputs, "rules", ())
    ]
    return any(dig(rule, "status") == "Enabled" and dig(rule, "expiration.days") for rule in rules)


_DELETED = "definition.actions.baseBlob.delete.daysAfterModificationGreaterThan"


def _identity_narrow(resources: Sequence[Resource], facts: Facts) -> list[str]:
    found = {one.name: sorted(_wide_actions(one)) for one in resources if one.type == ROLE_POLICY}
    told = [f"'{name}' may {', '.join(wide)} anywhere" for name, wide in found.items() if wide]
    given = {one.name: str(dig(one.inputs, "scope", "")) for one in resources if one.type == ROLE_ASSIGNMENT}
    told += [f"'{name}' is given on {scope}" for name, scope in given.items() if _WIDE_SCOPE.fullmatch(scope)]
    members = [one for one in resources if one.type == BUCKET_MEMBER]
    return told + [f"'{one.name}' may write anywhere in its bucket" for one in members if _writes_anywhere(one)]


def _writes_anywhere(member: Resource) -> bool:
    reads = str(dig(member.inputs, "role", "")).endswith(("objectViewer", "legacyObjectReader"))
    return not reads and not dig(member.inputs, "condition.expression")


def _wide_actions(resource: Resource) -> Iterator[str]:
    for statement in statements(resource.inputs["policy"]):
        anywhere = statement.get("Effect") == "Allow" and {"*", "arn:aws:s3:::*"} & {*listed(statement.get("Resource"))}
        if anywhere:
            yield from {*listed(statement.get("Action"))} - _WITHOUT_RESOURCE


def _image_by_digest(resources: Sequence[Resource], facts: Facts) -> list[str]:
    images = [one for one in resources if one.type == IMAGE]
    return [f"'{one.name}' is pushed under a tag, which can be moved" for one in images if not _is_by_digest(one)]


def _is_by_digest(image: Resource) -> bool:
    exports = dig(image.inputs, "exports", ())
    by_digest = bool(exports) and all(dig(one, "registry.pushByDigest") for one in exports)
    return by_digest and not dig(image.inputs, "tags")


RULES = (
    Rule(
        "training-store-closed",
        "it holds rows of customers, and models that were paid for",
        "block all public access of the bucket or the account",
        kinds=_KIND,
        stack_check=_closed,
        public=("CKV_AWS_53", "CKV_AWS_54", "CKV_AWS_55", "CKV_AWS_56", "CKV_AZURE_59", "CKV_GCP_114"),
    ),
    Rule(
        "training-store-own-key",
        "who names a key in the stack's file wants nothing to lie under another",
        "the key of outlast:kmsKey as the store's default",
        kinds=_KIND,
        stack_check=_by_own_key,
        public=("CKV_AWS_145", "CKV2_AZURE_1"),
    ),
    Rule(
        "training-checkpoints-end",
        "checkpoints hold what the data taught, long after their job is done, and are paid for",
        "outlast:checkpointDays as the days of a lifecycle rule",
        kinds=_KIND,
        stack_check=_checkpoints_end,
        public=("CKV2_AWS_61",),
    ),
    Rule(
        "training-identity-narrow",
        "a job runs what the image and its packages bring: it must reach the job's data and nothing else",
        "name the store and the repository as the resources, or the scopes; a condition where a role has neither",
        kinds=_KIND,
        stack_check=_identity_narrow,
    ),
    Rule(
        "training-image-by-digest",
        "a tag can be moved, and then nobody knows what was trained with",
        "push_by_digest and no tags",
        kinds=_KIND,
        stack_check=_image_by_digest,
    ),
)
