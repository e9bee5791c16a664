"""AWS's policies: real actions, scoped, and small enough to be attached."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from infra.permissions.aws import LARGEST_INLINE, LARGEST_MANAGED, Scope, deployer_policy, drill_policy
from infra.permissions.aws_table import GRANTS
from infra.permissions.in_use import IN_USE

SCOPE = Scope("123456789012", ("us-east-1",), ("outlast-aws",))


def actions_of(policy: dict[str, Any]) -> set[str]:
    return {action for statement in policy["Statement"] for action in statement["Action"]}


def test_a_deployer_gets_what_its_stacks_need_and_nothing_of_the_others() -> None:
    assert "ecs:CreateService" in actions_of(deployer_policy(SCOPE, ["aws"]))
    assert "ecs:CreateService" not in actions_of(deployer_policy(SCOPE, ["zone", "traffic"]))
    assert actions_of(deployer_policy(SCOPE, ["azure"])) == {*GRANTS["aws:route53/record:Record"].actions} | {
        "route53:GetChange"
    }


def test_alarms_on_health_checks_are_made_in_us_east_1_wherever_the_sites_are() -> None:
    scope = Scope("123456789012", ("eu-central-1",), ("outlast-aws",), traffic=("traffic",))
    (free,) = [s for s in deployer_policy(scope, ["traffic"])["Statement"] if "sns:Unsubscribe" in s["Action"]]
    assert free["Condition"] == {"StringEquals": {"aws:RequestedRegion": ["eu-central-1", "us-east-1"]}}


def test_no_statement_allows_everything() -> None:
    for statement in deployer_policy(SCOPE, IN_USE)["Statement"]:
        assert not [action for action in statement["Action"] if "*" in action]
        free = statement["Resource"] == "*"
        global_only = all(action.startswith("route53:") for action in statement["Action"])
        assert not free or "Condition" in statement or global_only


def test_named_resources_are_those_of_the_site_alone() -> None:
    text = json.dumps(deployer_policy(SCOPE, ["aws"]))
    assert "arn:aws:ecs:us-east-1:123456789012:service/outlast-aws/outlast-aws" in text
    assert "arn:aws:iam::123456789012:role/outlast-aws-execution" in text
    assert "role/*" not in text.replace("aws-service-role/*", "")


def test_roles_are_passed_to_tasks_alone() -> None:
    (passing,) = [s for s in deployer_policy(SCOPE, ["aws"])["Statement"] if "iam:PassRole" in s["Action"]]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}


def test_a_drill_runner_can_switch_a_check_and_nothing_else() -> None:
    changing = {
        a for a in actions_of(drill_policy(SCOPE)) if not a.split(":")[1].startswith(("Get", "List", "Describe"))
    }
    assert changing == {"route53:ChangeTagsForResource", "route53:UpdateHealthCheck"}
    assert "ecs:UpdateService" in actions_of(drill_policy(SCOPE, 3)) - actions_of(drill_policy(SCOPE))


@pytest.mark.parametrize(
    ("ways_out", "has", "lacks"),
    [
        (["nat"], "ec2:CreateNatGateway", "ec2:CreateVpcEndpoint"),
        (["endpoints"], "ec2:CreateVpcEndpoint", "ec2:AllocateAddress"),
    ],
)
def test_only_the_way_out_that_sites_have_may_be_made(ways_out: list[str], has: str, lacks: str) -> None:
    actions = actions_of(deployer_policy(dataclasses.replace(SCOPE, ways_out=ways_out), ["aws"]))
    assert has in actions and lacks not in actions


def test_a_policy_fits_where_it_is_put() -> None:
    def length(*kinds: str) -> int:
        return len(json.dumps(deployer_policy(SCOPE, kinds), separators=(",", ":")))

    assert length("zone", "azure", "gcp", "traffic") <= LARGEST_MANAGED
    # What outlives the sites, what is made once and what trains has its policy printed by the stack's own name.
    alone = {kind for kind in IN_USE if kind.startswith(("base-", "training-")) or kind == "zone"}
    assert length("aws") <= length(*(kind for kind in IN_USE if kind not in alone)) <= LARGEST_INLINE
    assert max(map(length, alone)) <= LARGEST_MANAGED


def test_two_sites_in_two_regions_are_both_named() -> None:
    scope = Scope("123456789012", ("us-east-1", "eu-central-1"), ("outlast-aws", "outlast-aws-eu"))
    text = json.dumps(deployer_policy(scope, ["aws"]))
    assert "eu-central-1:123456789012:cluster/outlast-aws-eu" in text


BASE = Scope(
    "123456789012", ("us-east-1",), ("outlast-aws",), bases=("outlast-base-aws",), audit="records", store="STORE"
)


def test_whoever_deploys_a_base_stack_empties_the_switches_and_never_the_audit_log() -> None:
    deleting = [s for s in deployer_policy(BASE, ["base-aws"])["Statement"] if "s3:DeleteObject" in s["Action"]]
    objects = [one for s in deleting for one in s["Resource"] if "/" in one]
    assert objects == ["arn:aws:s3:::STORE/flags/*"]


def test_the_roles_of_the_audit_log_are_passed_to_one_service_each() -> None:
    passing = {
        s["Condition"]["StringEquals"]["iam:PassedToService"]: s["Resource"]
        for s in deployer_policy(BASE, ["base-aws", "aws"])["Statement"]
        if "iam:PassRole" in s["Action"]
    }
    assert passing["firehose.amazonaws.com"] == ["arn:aws:iam::123456789012:role/outlast-base-aws-audit-carrier"]
    assert passing["logs.amazonaws.com"] == ["arn:aws:iam::123456789012:role/outlast-base-aws-audit-sender"]
    assert "firehose.amazonaws.com" not in json.dumps(deployer_policy(BASE, ["aws"]))


def test_without_an_audit_store_nothing_of_one_is_allowed() -> None:
    text = json.dumps(deployer_policy(SCOPE, ["base-aws", "aws"]))
    assert "firehose:Create" not in text and "audit" not in text
