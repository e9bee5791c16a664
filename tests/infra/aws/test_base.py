"""S3: everybody may read the switches and nothing else, and nobody may list."""

from __future__ import annotations

import json

from tests.infra.harness import run_stack


def test_the_policy_lets_everybody_read_the_switches_alone() -> None:
    run = run_stack("base-aws")
    policy = run.one("aws:s3/bucketPolicy:BucketPolicy")
    (statement,) = json.loads(policy.inputs["policy"])["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("s3:GetObject", "arn:aws:s3:::outlast-switches/flags/*")
    assert policy.options["dependsOn"], "until the block allows it, S3 refuses a policy for everybody"


def test_access_lists_stay_blocked() -> None:
    block = run_stack("base-aws").one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").inputs
    assert (block["blockPublicAcls"], block["ignorePublicAcls"]) == (True, True)
