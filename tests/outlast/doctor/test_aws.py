"""AWS, asked before anything is made: the account, its quotas, the role of ECS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from outlast.doctor.aws import QUOTAS, look_at_credentials, look_at_quota, look_at_role
from outlast.doctor.checks import FINE, UNKNOWN, WRONG
from outlast.doctor.stacks import Subjects
from tests.sandbox.own_set import ACCOUNT

Seam = Callable[..., Any]
VPCS, BALANCERS, CPUS = QUOTAS


def test_credentials_of_the_pinned_account(seam: Seam, subjects: Callable[..., Subjects]) -> None:
    found = look_at_credentials(seam(), subjects())
    assert found.state == FINE
    assert ACCOUNT in found.what


def test_credentials_of_another_account_are_named(seam: Seam, subjects: Callable[..., Subjects]) -> None:
    stacks = ("prod-zone", "prod-aws", "prod-azure", "prod-gcp", "prod-traffic")
    other = subjects({stack: {"aws:allowedAccountIds": ["999999999999"]} for stack in stacks})
    found = look_at_credentials(seam(), other)
    assert found.state == WRONG
    assert f"is of {ACCOUNT}, and the files pin 999999999999" in found.what


def test_no_credentials_are_missing(subjects: Callable[..., Subjects], monkeypatch: pytest.MonkeyPatch) -> None:
    from failover.levers.clouds import Clouds

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    found = look_at_credentials(Clouds({}), subjects())
    assert found.state == WRONG
    assert "AWS_ACCESS_KEY_ID" in found.hint


@pytest.mark.parametrize(
    ("limits", "state", "said"),
    [
        ({}, FINE, "5 VPCs; the sites of these files take up to 1, and 1 are in use"),
        ({VPCS.code: 0}, WRONG, "0 VPCs"),
        ({VPCS.code: 1}, UNKNOWN, "enough only if those are theirs"),
    ],
)
def test_a_quota_beside_what_the_sites_take(seam: Seam, limits: Mapping[str, int], state: str, said: str) -> None:
    found = look_at_quota(seam(limits={ACCOUNT: limits}), "us-east-1", VPCS, [{}])
    assert (found.state, said in found.what) == (state, True), found
    assert state == FINE or "request-service-quota-increase --service-code vpc" in found.hint


def test_fargate_counts_the_cpus_of_every_replica(seam: Seam) -> None:
    sites = [{"outlast:cpu": 2, "outlast:minReplicas": 1, "outlast:maxReplicas": 4}]
    assert CPUS.needed(sites) == 8
    assert [CPUS.needed([{"outlast:size": size}]) for size in ("small", "production")] == [1, 6]
    assert look_at_quota(seam(), "us-east-1", CPUS, sites).state == WRONG
    assert look_at_quota(seam(), "us-east-1", BALANCERS, sites).state == FINE


def test_the_role_that_ecs_makes_itself(seam: Seam) -> None:
    clouds = seam()
    assert look_at_role(clouds, "us-east-1").state == UNKNOWN
    clouds.aws("iam", "us-east-1").create_role(RoleName="AWSServiceRoleForECS", AssumeRolePolicyDocument="{}")
    assert look_at_role(clouds, "us-east-1").state == FINE
