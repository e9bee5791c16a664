"""Secrets Manager: what a task is started with, and what ECS says where its role or the secret is not as it must be."""

from __future__ import annotations

import pytest

from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds, Made

SECRET, VERSION = "aws:secretsmanager/secret:Secret", "aws:secretsmanager/secretVersion:SecretVersion"
POLICY = "aws:iam/rolePolicy:RolePolicy"


def value_at(clouds: Clouds) -> str | None:
    """What the container has as its keys."""
    workload = clouds.workload("aws")
    assert workload is not None
    return dict(workload.environment).get(sites.KEYS)


def secret_of(clouds: Clouds) -> Made:
    found = clouds.only(SECRET)
    return Made(found.type, found.id, found.outputs, clouds.request(found.type, "one", found.inputs, stack="aws"))


def test_a_container_has_the_value_of_the_version_that_its_task_names(clouds: Clouds) -> None:
    service = sites.aws_keys(clouds)
    assert value_at(clouds) == sites.HASHES
    sites.aws_write(clouds, service, secret_of(clouds), "[]", "two")
    assert value_at(clouds) == "[]"


def test_another_version_reaches_no_task_that_does_not_name_it(clouds: Clouds) -> None:
    sites.aws_keys(clouds)
    clouds.make(VERSION, "two", secretId=secret_of(clouds).id, secretString="[]")
    assert value_at(clouds) == sites.HASHES


def test_a_role_that_may_not_read_keeps_the_task_from_starting(clouds: Clouds) -> None:
    service = sites.aws_keys(clouds)
    clouds.delete(clouds.only(POLICY, "keys"))
    with pytest.raises(CloudRefused) as caught:
        clouds.redeploy(service)
    assert "unable to retrieve secret from asm" in caught.value.what
    assert "is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws" in caught.value.what
    assert sites.HASHES not in caught.value.what


def test_a_right_on_another_secret_is_none_on_this(clouds: Clouds) -> None:
    service = sites.aws_keys(clouds)
    clouds.delete(clouds.only(POLICY, "keys"))
    sites.aws_permit_keys(clouds, secret_of(clouds).outputs["arn"] + "-other")
    with pytest.raises(CloudRefused, match="AccessDeniedException"):
        clouds.redeploy(service)


def test_a_version_that_is_not_there_keeps_the_task_from_starting(clouds: Clouds) -> None:
    service = sites.aws_keys(clouds)
    reference = {"name": sites.KEYS, "valueFrom": f"{secret_of(clouds).outputs['arn']}:::no-such-version"}
    task = sites.aws_task_like(clouds, "wrong", secrets=[reference])
    with pytest.raises(CloudRefused, match="can't find the specified secret value for VersionId: no-such-version"):
        clouds.change(service, taskDefinition=task.outputs["arn"])


def test_without_a_version_the_newest_is_read(clouds: Clouds) -> None:
    service = sites.aws_keys(clouds)
    clouds.make(VERSION, "two", secretId=secret_of(clouds).id, secretString="newest")
    reference = {"name": sites.KEYS, "valueFrom": secret_of(clouds).outputs["arn"]}
    clouds.change(service, taskDefinition=sites.aws_task_like(clouds, "plain", secrets=[reference]).outputs["arn"])
    assert value_at(clouds) == "newest"


def test_a_secrets_name_is_taken_once_and_free_after_it_is_deleted(clouds: Clouds) -> None:
    first = clouds.make(SECRET, "first", name="keys")
    with pytest.raises(CloudRefused, match="ResourceExistsException"):
        clouds.make(SECRET, "second", name="keys")
    clouds.delete(first)
    assert clouds.make(SECRET, "second", name="keys").id != first.id, "the end of an ARN is drawn"
