"""`outlast permissions`: JSON that a cloud takes, for the stack files at hand."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from click.testing import CliRunner

from outlast.permissions import _say_size, for_aws, kind_of, permissions, read_configs
from service.errors import InvalidInput
from tests.infra.harness import BASES, ROOT, stack_file


def run(*words: str) -> dict[str, Any]:
    done = CliRunner().invoke(permissions, [*words])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_deployer_on_aws_is_held_to_the_account_of_the_files() -> None:
    text = json.dumps(run("--cloud", "aws", "--zone-id", "Z123"))
    assert "arn:aws:ecs:us-east-1:000000000000:service/outlast-aws/outlast-aws" in text
    assert "arn:aws:route53:::hostedzone/Z123" in text


def test_what_is_too_long_for_one_policy_says_how_to_split_it() -> None:
    done = CliRunner().invoke(permissions, ["--cloud", "aws"])
    assert "a managed policy takes 6,144: print it by --stack" in done.stderr
    assert CliRunner().invoke(permissions, ["--cloud", "aws", "--stack", "traffic"]).stderr == ""


def test_one_stack_alone_needs_less() -> None:
    every, records = run("--cloud", "aws"), run("--cloud", "aws", "--stack", "azure")
    assert len(json.dumps(records)) < len(json.dumps(every)) / 5
    assert "route53:ChangeResourceRecordSets" in json.dumps(records)


def test_a_deployer_of_traffic_may_make_its_alarms_which_have_its_name_and_lie_in_one_region() -> None:
    resources = json.dumps(
        [statement["Resource"] for statement in run("--cloud", "aws", "--stack", "traffic")["Statement"]]
    )
    assert "arn:aws:sns:us-east-1:000000000000:traffic-alerts" in resources
    assert "arn:aws:cloudwatch:us-east-1:000000000000:alarm:traffic-*" in resources
    assert ":-" not in resources, "a name that is not known was left empty"


@pytest.mark.parametrize("cloud", ["azure", "gcp"])
@pytest.mark.parametrize("role", ["deployer", "drill"])
def test_the_other_clouds_get_custom_roles(cloud: str, role: str) -> None:
    assert "Outlast" in json.dumps(run("--cloud", cloud, "--role", role))


def told(policy: dict[str, Any]) -> list[dict[str, Any]]:
    """Its statements, each resource in a list as our own are."""
    return [s | {"Resource": [s["Resource"]], "Action": sorted(s["Action"])} for s in policy["Statement"]]


def test_a_drill_runners_policy_is_the_one_of_the_guide() -> None:
    guide = (ROOT / "docs" / "guides" / "run-a-drill.md").read_text()
    (block,) = re.findall(r"## Permissions\n.*?```json\n(.*?)```", guide, re.DOTALL)
    actions = [
        {a for s in policy["Statement"] for a in s["Action"]}
        for policy in (json.loads(block), run("--cloud", "aws", "--role", "drill"))
    ]
    assert actions[0] == actions[1]


def test_a_stack_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidInput, match="nowhere is not among"):
        read_configs(ROOT, None, ["nowhere"])


def test_a_cloud_without_a_site_is_refused() -> None:
    done = CliRunner().invoke(permissions, ["--cloud", "gcp", "--stack", "aws"])
    assert done.exit_code != 0
    assert "no stack here is a site on gcp" in f"{done.exception} {done.output}"


def test_a_base_stack_adds_its_store_on_its_own_cloud() -> None:
    base = BASES["base-aws"]
    text = json.dumps(for_aws({"base-aws": base}, "deployer", 1, "Z"))
    assert f"arn:aws:s3:::{base['outlast:store']}" in text
    assert kind_of({"outlast:kind": "base", "outlast:cloud": "gcp"}) == "base-gcp"


def test_whoever_trains_gets_the_bucket_the_role_and_the_jobs_of_the_stack() -> None:
    text = json.dumps(run("--cloud", "aws", "--role", "trainer"))
    assert "arn:aws:s3:::outlast-training-aws/data/*" in text
    assert '"iam:PassRole"], "Resource": ["arn:aws:iam::000000000000:role/outlast-training-aws-job"]' in text
    assert '"iam:PassedToService": "sagemaker.amazonaws.com"' in text
    assert "s3:DeleteObject" not in text and "iam:CreateRole" not in text


def test_a_deployer_may_make_training_stacks_only_where_one_is_named() -> None:
    made = "arn:aws:iam::000000000000:role/outlast-training-aws-job"
    assert made not in json.dumps(run("--cloud", "aws"))
    assert made in json.dumps(run("--cloud", "aws", "--stack", "training-aws"))


def test_what_fits_into_no_policy_is_not_sent_into_a_role(capsys: pytest.CaptureFixture[str]) -> None:
    for characters, said in ((6_300, "which takes 10,240"), (10_400, "print it by --stack\n")):
        _say_size({"Statement": "a" * characters})
        assert said in capsys.readouterr().err


def test_whoever_trains_reads_the_tables_elsewhere_and_uses_the_key() -> None:
    key = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"
    config = stack_file("training-aws")["config"] | {"outlast:dataSources": ["warehouse"], "outlast:kmsKey": key}
    statements = for_aws({"training-aws": config}, "trainer", 1, "Z")["Statement"]
    allowed = {action: one["Resource"] for one in statements for action in one["Action"] if "warehouse" in str(one)}
    assert allowed == {"s3:ListBucket": ["arn:aws:s3:::warehouse"], "s3:GetObject": ["arn:aws:s3:::warehouse/*"]}
    assert [one["Resource"] for one in statements if "kms:Decrypt" in one["Action"]] == [[key]]
