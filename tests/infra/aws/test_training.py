"""On AWS: a role that reads data and writes what it made, in a bucket that nobody else gets into."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from infra.aws import training
from service.errors import Unavailable
from tests.infra.harness import Run, run_stack

STACK = "training-aws"
KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"


def statements(run: Run) -> list[dict[str, Any]]:
    """Of the role's policy."""
    found: list[dict[str, Any]] = json.loads(run.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]
    return found


def where(run: Run, action: str) -> list[str]:
    """On what the role may do that."""
    named = [one["Resource"] for one in statements(run) if action in one["Action"]]
    return [each for one in named for each in ([one] if isinstance(one, str) else one)]


def test_a_job_writes_output_and_checkpoints_and_deletes_nothing(run_of: Callable[[str], Run]) -> None:
    run = run_of(STACK)
    assert where(run, "s3:PutObject") == ["arn:training/output/*", "arn:training/checkpoints/*"]
    assert where(run, "s3:GetObject") == ["arn:training/*"]
    assert not any("Delete" in action for one in statements(run) for action in one["Action"])


def test_a_job_reads_the_other_buckets_that_the_file_names_and_writes_none_of_them() -> None:
    run = run_stack(STACK, dataSources=["warehouse"])
    assert where(run, "s3:GetObject") == ["arn:training/*", "arn:aws:s3:::warehouse/*"]
    assert "arn:aws:s3:::warehouse" in where(run, "s3:ListBucket")
    assert not [one for one in where(run, "s3:PutObject") if "warehouse" in one]


def test_sagemaker_alone_assumes_the_role_and_for_this_account(run_of: Callable[[str], Run]) -> None:
    role = run_of(STACK).one("aws:iam/role:Role").inputs
    (trusted,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert role["name"] == "outlast-training-aws-job"
    assert trusted["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert trusted["Condition"] == {"StringEquals": {"aws:SourceAccount": "0"}}, "the repository's registry"


def test_the_role_is_known_once_it_may_do_its_work(run_of: Callable[[str], Run]) -> None:
    waits = {name for _, name in run_of(STACK).waits["identity"]}
    assert {"job", "training"} <= waits


def test_a_key_of_ones_own_is_the_buckets_default_and_the_role_may_use_it(run_of: Callable[[str], Run]) -> None:
    run = run_stack(STACK, kmsKey=KEY)
    (rule,) = run.one(ENCRYPTION).inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY}
    assert where(run, "kms:GenerateDataKey") == where(run, "kms:CreateGrant") == [KEY]
    assert run.outputs["kmsKeyArn"] == KEY
    assert not run.problems
    assert not run_of(STACK).all(ENCRYPTION) and not where(run_of(STACK), "kms:Decrypt")


def test_a_key_that_is_not_there_is_named_before_anything_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(key_id: str) -> None:
        raise Exception(f"reading KMS Key ({key_id}):\n  NotFoundException")

    monkeypatch.setattr(training.aws.kms, "get_key", refuse)
    with pytest.raises(Unavailable, match=r"does not show .reading KMS Key .*: NotFoundException") as caught:
        training._find_key(KEY)
    assert "kms:DescribeKey" in caught.value.hint
    assert training._find_key("") == ""


def test_a_key_that_cannot_be_used_is_named() -> None:
    key = SimpleNamespace(arn=KEY, enabled=False, key_state="PendingDeletion")
    with pytest.raises(Unavailable, match="which is PendingDeletion") as caught:
        training._require_usable(key)
    assert "cancel its deletion" in caught.value.hint


def test_a_job_in_subnets_may_make_its_interfaces_there_and_nowhere_else(run_of: Callable[[str], Run]) -> None:
    places = {"subnets": ["subnet-0a1b2c3d"], "securityGroups": ["sg-0a1b2c3d"]}
    run = run_stack(STACK, **places)
    assert where(run, "ec2:CreateNetworkInterface") == [
        "arn:aws:ec2:us-east-1:0:network-interface/*",
        "arn:aws:ec2:us-east-1:0:subnet/subnet-0a1b2c3d",
        "arn:aws:ec2:us-east-1:0:security-group/sg-0a1b2c3d",
    ]
    assert where(run, "ec2:DescribeSubnets") == ["*"]
    assert {key: run.outputs[key] for key in places} == places
    assert not where(run_of(STACK), "ec2:CreateNetworkInterface")


def test_nobody_reads_the_bucket_without_tls(run_of: Callable[[str], Run]) -> None:
    policy = run_of(STACK).one("aws:s3/bucketPolicy:BucketPolicy")
    (denied,) = json.loads(policy.inputs["policy"])["Statement"]
    assert denied["Effect"] == "Deny" and denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_checkpoints_end_when_the_file_says() -> None:
    run = run_stack(STACK, checkpointDays=3)
    rules = run.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").inputs["rules"]
    assert [rule["expiration"]["days"] for rule in rules if rule["filter"]["prefix"] == "checkpoints/"] == [3]
    assert [rule["id"] for rule in rules if "expiration" in rule] == ["checkpoints"], "data and output stay"
