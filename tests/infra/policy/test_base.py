"""The rules for base stacks, broken and kept on each cloud."""

from __future__ import annotations

from typing import Any

import pytest

from infra.policy.base import ACCOUNT, BLOCK, BUCKET, GCS_BUCKET, HELD, IMMUTABLE, LOCK, LOG_BUCKET, RULES, VERSIONING
from infra.policy.rule import Facts, Resource
from tests.infra.policy.held import ask, ask_stack

ALL = {"blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True, "restrictPublicBuckets": True}


def of(type_: str, **inputs: Any) -> Resource:
    return Resource(type_, "it", inputs)


def test_every_rule_has_a_test_here() -> None:
    assert {rule.name for rule in RULES} == {
        "base-public-access-off",
        "base-versioned",
        "base-audit-written-once",
        "base-audit-never-emptied",
    }


@pytest.mark.parametrize(
    ("open_", "closed"),
    [
        ([of(BUCKET, bucket="records")], [of(BUCKET, bucket="records"), of(BLOCK, bucket="records", **ALL)]),
        (
            [of(BUCKET, bucket="records"), of(BLOCK, bucket="records", **{**ALL, "blockPublicPolicy": False})],
            [of(BUCKET, bucket="records"), of(BLOCK, bucket="records", **ALL)],
        ),
        (
            [of(ACCOUNT, name="records")],  # among the outputs of azure-native
            [of(ACCOUNT, name="records", allowBlobPublicAccess=False)],
        ),
        (
            [of(ACCOUNT, accountName="records")],  # Azure's default lets containers be public
            [of(ACCOUNT, accountName="records", allowBlobPublicAccess=False)],
        ),
        (
            [of(GCS_BUCKET, name="records", publicAccessPrevention="inherited")],
            [of(GCS_BUCKET, name="records", publicAccessPrevention="enforced")],
        ),
    ],
)
def test_nothing_but_the_switches_is_open_to_everybody(open_: list[Resource], closed: list[Resource]) -> None:
    assert ask_stack("base-public-access-off", open_, store="switches") == ["anybody may be let into 'records'"]
    assert ask_stack("base-public-access-off", closed, store="switches") == []
    assert ask_stack("base-public-access-off", open_, store="records") == []


def test_a_bucket_keeps_versions() -> None:
    bucket = of(BUCKET, bucket="records")
    suspended = of(VERSIONING, bucket="records", versioningConfiguration={"status": "Suspended"})
    enabled = of(VERSIONING, bucket="records", versioningConfiguration={"status": "Enabled"})
    assert ask_stack("base-versioned", [bucket, suspended]) == ["'records' loses what is written over"]
    assert ask_stack("base-versioned", [bucket, enabled]) == []


@pytest.mark.parametrize(
    ("short", "held"),
    [
        (
            of(LOCK, rule={"defaultRetention": {"mode": "COMPLIANCE", "days": 7}}),
            of(LOCK, rule={"defaultRetention": {"mode": "COMPLIANCE", "days": 30}}),
        ),
        (
            of(IMMUTABLE, immutabilityPeriodSinceCreationInDays=7),
            of(IMMUTABLE, immutabilityPeriodSinceCreationInDays=31),
        ),
        (of(LOG_BUCKET, retentionDays=7, locked=True), of(LOG_BUCKET, retentionDays=30, locked=True)),
    ],
)
def test_records_are_held_as_long_as_the_file_says(short: Resource, held: Resource) -> None:
    (said,) = ask_stack("base-audit-written-once", [short], auditRetentionDays="30")
    assert "for 30 days, and its store holds them for 7" in said
    assert ask_stack("base-audit-written-once", [short]) == [], "nothing was promised"
    assert ask_stack("base-audit-written-once", [held], auditRetentionDays="30") == []


@pytest.mark.parametrize(
    "rewritable",
    [
        of(LOCK, rule={"defaultRetention": {"mode": "GOVERNANCE", "days": 30}}),
        of(LOG_BUCKET, retentionDays=30, locked=False),
        of(BUCKET, bucket="records"),
    ],
)
def test_a_store_that_can_be_rewritten_is_none(rewritable: Resource) -> None:
    (said,) = ask_stack("base-audit-written-once", [rewritable], auditRetentionDays="30")
    assert "it has no store that is written once" in said


def test_the_audit_store_is_not_emptied_by_a_destroy() -> None:
    forced = of(BUCKET, bucket="records", objectLockEnabled=True, forceDestroy=True)
    assert ask_stack("base-audit-never-emptied", [forced]) == [
        "a `destroy` empties 'records' as far as its lock allows"
    ]
    switches = of(BUCKET, bucket="switches", forceDestroy=True)
    assert ask_stack("base-audit-never-emptied", [switches]) == []


@pytest.mark.parametrize("type_", HELD)
def test_what_outlives_the_sites_is_protected_and_a_sites_own_bucket_goes_with_it(type_: str) -> None:
    base = Facts("base")
    assert "a `destroy` takes" in ask("held-is-protected", {}, type_, base)
    assert ask("held-is-protected", {}, type_, base, protected=True) == ""
    assert ask("held-is-protected", {}, type_, Facts("aws")) == ""
