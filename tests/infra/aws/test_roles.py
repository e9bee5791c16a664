"""The roles of a task on AWS: one that starts it, and one for what runs in it, which may nothing."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.infra.harness import Run


def test_what_starts_a_task_and_what_runs_in_it_are_two_roles(run_of: Callable[[str], Run]) -> None:
    roles = run_of("aws").all("aws:iam/role:Role")
    assert {role.inputs["name"] for role in roles.values()} == {"outlast-aws-execution", "outlast-aws-task"}
    for role in roles.values():
        (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        assert statement["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}


def test_the_role_that_starts_it_may_pull_one_repository_and_write_one_log(run_of: Callable[[str], Run]) -> None:
    policy = run_of("aws").one("aws:iam/rolePolicy:RolePolicy")
    assert policy.name == "execution", "the other has no policy at all"
    statements = json.loads(policy.inputs["policy"])["Statement"]
    resources = {action: s["Resource"] for s in statements for action in s["Action"]}
    assert resources["ecr:BatchGetImage"] == "arn:repository"
    assert resources["logs:PutLogEvents"] == "arn:logs:*"
    assert [action for action, resource in resources.items() if resource == "*"] == ["ecr:GetAuthorizationToken"]
