"""The rules for training stacks, broken and kept."""

from __future__ import annotations

from typing import Any

import pytest

from infra.policy.base import ACCOUNT, BLOCK, BUCKET, GCS_BUCKET
from infra.policy.rule import Resource
from infra.policy.training import (
    AZURE_LIFECYCLE,
    BUCKET_MEMBER,
    ENCRYPTION,
    IMAGE,
    LIFECYCLE,
    ROLE_ASSIGNMENT,
    ROLE_POLICY,
    RULES,
)
from tests.infra.policy.held import ask_stack, policy

ALL = {"blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True, "restrictPublicBuckets": True}


def of(type_: str, **inputs: Any) -> Resource:
    return Resource(type_, "it", inputs)


S3 = of(BUCKET, bucket="store")


def test_every_rule_has_a_test_here() -> None:
    assert {rule.name for rule in RULES} == {*CASES, "training-store-own-key"}


def lifecycle(**rule: Any) -> Resource:
    return of(LIFECYCLE, bucket="store", rules=[{"status": "Enabled", **rule}])


BLOBS = of(ACCOUNT, accountName="store", allowBlobPublicAccess=False)
OLD = {"delete": {"daysAfterModificationGreaterThan": 14}}
GROUP = "/subscriptions/0/resourceGroups/training"


def azure_lifecycle(**actions: Any) -> Resource:
    return of(AZURE_LIFECYCLE, accountName="store", policy={"rules": [{"definition": {"actions": actions}}]})


def gcs(action: str) -> Resource:
    return of(GCS_BUCKET, name="store", lifecycleRules=[{"action": {"type": action}, "condition": {"age": 14}}])


CASES: dict[str, list[tuple[list[Resource], list[Resource]]]] = {
    "training-store-closed": [
        ([S3], [S3, of(BLOCK, bucket="store", **ALL)]),
        ([of(ACCOUNT, accountName="store")], [BLOBS]),
        ([of(GCS_BUCKET, name="store")], [of(GCS_BUCKET, name="store", publicAccessPrevention="enforced")]),
    ],
    "training-checkpoints-end": [
        ([S3], [S3, lifecycle(expiration={"days": 1})]),
        ([S3, lifecycle(abortIncompleteMultipartUpload={"daysAfterInitiation": 7})], []),
        ([gcs("AbortIncompleteMultipartUpload")], [gcs("Delete")]),
        ([BLOBS, azure_lifecycle(baseBlob={"tierToCool": {}})], [BLOBS, azure_lifecycle(baseBlob=OLD)]),
    ],
    "training-identity-narrow": [
        (
            [of(ROLE_POLICY, policy=policy(Action=["s3:GetObject"], Resource="*"))],
            [of(ROLE_POLICY, policy=policy(Action=["s3:GetObject"], Resource=["arn:aws:s3:::store/*"]))],
        ),
        (
            [of(ROLE_POLICY, policy=policy(Action="s3:PutObject", Resource=["arn:aws:s3:::*"]))],
            [of(ROLE_POLICY, policy=policy(Action="ecr:GetAuthorizationToken", Resource="*"))],
        ),
        (
            [of(ROLE_ASSIGNMENT, scope=GROUP)],
            [of(ROLE_ASSIGNMENT, scope=f"{GROUP}/providers/Microsoft.Storage/storageAccounts/store")],
        ),
        (
            [of(BUCKET_MEMBER, role="roles/storage.objectUser")],
            [
                of(BUCKET_MEMBER, role="roles/storage.objectUser", condition={"expression": "resource.name…"}),
                of(BUCKET_MEMBER, role="roles/storage.objectViewer"),
            ],
        ),
    ],
    "training-image-by-digest": [
        (
            [of(IMAGE, tags=["host/name:newest"], exports=[{"registry": {"pushByDigest": True}}])],
            [of(IMAGE, tags=[], exports=[{"registry": {"pushByDigest": True}}])],
        ),
        ([of(IMAGE, tags=[], exports=[])], []),
    ],
}


@pytest.mark.parametrize(("name", "bad", "good"), [(name, *pair) for name, pairs in CASES.items() for pair in pairs])
def test_it_is_broken_and_kept(name: str, bad: list[Resource], good: list[Resource]) -> None:
    assert ask_stack(name, bad)
    assert ask_stack(name, good) == []


def test_whoever_names_a_key_has_everything_under_it() -> None:
    by_key = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "key"}
    encrypted = of(ENCRYPTION, bucket="store", rules=[{"applyServerSideEncryptionByDefault": by_key}])
    rule = "training-store-own-key"
    assert ask_stack(rule, [S3], kmsKey="key") == ["'store' is encrypted by a key of the cloud's"]
    assert ask_stack(rule, [S3, encrypted], kmsKey="key") == ask_stack(rule, [S3]) == []
    by_vault = of(ACCOUNT, accountName="store", encryption={"keySource": "Microsoft.Keyvault"})
    assert ask_stack(rule, [BLOBS], kmsKey="key") and ask_stack(rule, [by_vault], kmsKey="key") == []
    by_kms = of(GCS_BUCKET, name="store", encryption={"defaultKmsKeyName": "key"})
    assert ask_stack(rule, [gcs("Delete")], kmsKey="key") and ask_stack(rule, [by_kms], kmsKey="key") == []
