"""A closed bucket is one shape, wherever it is made."""

from __future__ import annotations

import json

import pytest

from tests.infra.conftest import RunOf

BLOCK, POLICY = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "aws:s3/bucketPolicy:BucketPolicy"
SWITCHES = {"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"}


@pytest.mark.parametrize(
    ("stack", "name", "sids"),
    [("training-aws", "training", ["OnlyTls"]), ("aws-production", "access-logs", ["Deliver", "OnlyTls"])],
)
def test_nobody_reads_it_without_credentials_or_tls(run_of: RunOf, stack: str, name: str, sids: list[str]) -> None:
    resources = {(r.type, r.name): r for r in run_of(stack).resources}
    assert {key for key, value in resources[BLOCK, name].inputs.items() if value is True} == SWITCHES
    policy = json.loads(resources[POLICY, name].inputs["policy"])
    assert [statement.get("Sid") for statement in policy["Statement"]] == sids
    last = policy["Statement"][-1]
    assert (last["Effect"], last["Principal"], last["Condition"]) == (
        "Deny",
        "*",
        {"Bool": {"aws:SecureTransport": "false"}},
    )
