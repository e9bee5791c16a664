"""The audit store as a stack's output: read back whole, refused by name, and only near its sites."""

from __future__ import annotations

from typing import Any

import pytest

from infra.audit import AuditStore, audit_output, find_audit, require_near
from service.errors import InvalidInput, OutlastError, Unavailable
from tests.infra.harness import audits, stores

STORE = AuditStore("base-aws", "aws", "us-east-1", "records", 30, True, "arn:stream", "arn:role")


def test_a_store_is_read_back_as_it_was_exported() -> None:
    output = audit_output(STORE)
    # An engine has no whole numbers.
    assert find_audit("base-aws", {"audit": {**output, "retention_days": 30.0}}) == STORE


@pytest.mark.parametrize(
    ("outputs", "what", "hint"),
    [
        ({}, "the base stack 'base-aws' is not up", "run `pulumi up -s base-aws` first"),
        (stores()["base-aws"], "has no audit store", "write outlast:auditRetentionDays into stacks/Pulumi.base-aws"),
        ({"audit": {"version": 2.0}}, "has version 2, this program reads 1", "from the same commit"),
        ({"audit": {"version": 1, "name": "b"}}, "without cloud, region, store", "run `pulumi up`"),
    ],
)
def test_a_base_stack_without_one_is_refused_by_name(outputs: dict[str, Any], what: str, hint: str) -> None:
    with pytest.raises(Unavailable) as caught:
        find_audit("base-aws", outputs)
    assert what in caught.value.what and hint in caught.value.hint


@pytest.mark.parametrize(("cloud", "region"), [("aws", "eu-west-1"), ("gcp", "us-east-1")])
def test_records_stay_in_their_cloud_and_region(cloud: str, region: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        require_near(STORE, "aws", cloud, region)
    (mistake,) = caught.value.mistakes
    assert mistake.place == "stacks/Pulumi.aws.yaml: outlast:base"
    assert "'base-aws' is in us-east-1 of aws" in mistake.what and f"in {region} of {cloud}" in mistake.hint
    assert require_near(STORE, "aws", "aws", "us-east-1") is STORE


def test_a_sink_writes_into_no_other_projects_log_bucket() -> None:
    store = AuditStore("base-gcp", "gcp", "us-east1", "projects/ours/locations/us-east1/buckets/records", 30, True)
    assert require_near(store, "gcp", "gcp", "us-east1", "ours") is store
    with pytest.raises(InvalidInput) as caught:
        require_near(store, "gcp", "gcp", "us-east1", "theirs")
    (mistake,) = caught.value.mistakes
    assert mistake.what == "'base-gcp' is in the project ours, and the site in the project theirs"


def test_the_harness_has_a_store_for_each_cloud() -> None:
    assert {find_audit(base, outputs).cloud for base, outputs in audits().items()} == {"aws", "azure", "gcp"}
    assert issubclass(Unavailable, OutlastError)
