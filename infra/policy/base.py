"""The rules for base stacks, on every cloud: what outlives the sites is closed, held and written once. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from infra.policy.rule import Facts, Resource, Rule
from infra.policy.values import dig

BUCKET, BLOCK = "aws:s3/bucket:Bucket", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
ACCOUNT = "azure-native:storage:StorageAccount"
IMMUTABLE = "azure-native:storage:BlobContainerImmutabilityPolicy"
GCS_BUCKET, LOG_BUCKET = "gcp:storage/bucket:Bucket", "gcp:logging/projectBucketConfig:ProjectBucketConfig"

HELD = (BUCKET, ACCOUNT, GCS_BUCKET, LOG_BUCKET)
"""What of a base stack holds data or a name."""

_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
NAMES = {BUCKET: "bucket", ACCOUNT: "accountName", GCS_BUCKET: "name"}
_KIND = ("base",)


def _of(resources: Sequence[Resource], type_: str) -> list[Resource]:
    return [one for one in resources if one.type == type_]


def is_closed(resource: Resource, resources: Sequence[Resource]) -> bool:
    """Whether a bucket or a storage account lets nobody in without credentials, whatever its policy says."""
    if resource.type == ACCOUNT:
        return dig(resource.inputs, "allowBlobPublicAccess") is False
    if resource.type == GCS_BUCKET:
        return bool(dig(resource.inputs, "publicAccessPrevention") == "enforced")
    blocks = [one for one in _of(resources, BLOCK) if dig(one.inputs, "bucket") == dig(resource.inputs, "bucket")]
    return any(all(dig(one.inputs, switch) for switch in _BLOCKS) for one in blocks)


def _public_access_off(resources: Sequence[Resource], facts: Facts) -> list[str]:
    """The store of drain switches is the one that checkers read without credentials: the stack's file names it."""
    stores = {name_of(one): one for one in resources if one.type in NAMES}
    stores.pop(facts.settings.get("store"), None)
    return [f"anybody may be let into '{name}'" for name, one in stores.items() if not is_closed(one, resources)]


def name_of(store: Resource) -> object:
    """The engine shows a stack's resources by their outputs, where azure-native calls an account's `name`."""
    return dig(store.inputs, NAMES[store.type]) or dig(store.inputs, "name")


def _versioned(resources: Sequence[Resource], facts: Facts) -> list[str]:
    enabled = [
        dig(one.inputs, "bucket")
        for one in _of(resources, VERSIONING)
        if dig(one.inputs, "versioningConfiguration.status") == "Enabled"
    ]
    excepted = {*enabled, facts.settings.get("store")}
    names = [dig(one.inputs, "bucket") for one in _of(resources, BUCKET)]
    return [f"'{name}' loses what is written over" for name in names if name not in excepted]


def _written_once(resources: Sequence[Resource], facts: Facts) -> list[str]:
    asked = int(facts.settings.get("auditRetentionDays") or 0)
    if not asked:
        return []
    held = max((_days(resource) for resource in resources), default=0)
    if held >= asked:
        return []
    what = f"its store holds them for {held}" if held else "it has no store that is written once"
    return [f"the stack's file asks to hold audit records for {asked} days, and {what}"]


def _days(resource: Resource) -> int:
    """For how many days a store holds what is written to it, where nobody who writes may also rewrite; else 0."""
    if resource.type == LOCK:
        retention = dig(resource.inputs, "rule.defaultRetention", {})
        return int(retention.get("days") or 0) if retention.get("mode") == "COMPLIANCE" else 0
    if resource.type == IMMUTABLE:
        return int(dig(resource.inputs, "immutabilityPeriodSinceCreationInDays", 0))
    if resource.type == LOG_BUCKET:
        return int(dig(resource.inputs, "retentionDays", 0)) if dig(resource.inputs, "locked") else 0
    return 0


def _never_emptied(resources: Sequence[Resource], facts: Facts) -> list[str]:
    return [
        f"a `destroy` empties '{dig(one.inputs, 'bucket')}' as far as its lock allows"
        for one in _of(resources, BUCKET)
        if dig(one.inputs, "objectLockEnabled") and dig(one.inputs, "forceDestroy")
    ]


RULES = (
    Rule(
        "base-public-access-off",
        "what outlives the sites is read by whoever is allowed to, and the one store for everybody holds nothing else",
        "block all public access; the switches' store is the one of outlast:store",
        kinds=_KIND,
        stack_check=_public_access_off,
        public=("CKV_AWS_53", "CKV_AWS_54", "CKV_AWS_55", "CKV_AWS_56", "CKV_AZURE_59", "CKV_GCP_114"),
    ),
    Rule(
        "base-versioned",
        "Object Lock holds versions: without them a record is replaced by writing another of its name",
        "a BucketVersioning that is Enabled",
        kinds=_KIND,
        stack_check=_versioned,
        public=("CKV_AWS_21", "s3_bucket_object_versioning"),
    ),
    Rule(
        "base-audit-written-once",
        "a record that somebody could have deleted in its days proves nothing",
        "outlast:auditRetentionDays as the retention: of an Object Lock in the mode COMPLIANCE, of an immutability "
        "policy, of a log bucket that is locked",
        kinds=_KIND,
        stack_check=_written_once,
        public=("s3_bucket_object_lock",),
    ),
    Rule(
        "base-audit-never-emptied",
        "whoever runs `destroy` would need the right to delete records",
        "force_destroy=False",
        kinds=_KIND,
        stack_check=_never_emptied,
    ),
)
