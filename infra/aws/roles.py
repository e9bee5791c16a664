"""The two roles of a task on AWS: what starts it, and what runs in it."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

from infra.aws.secrets import TaskSecrets, reading_statements

Text = pulumi.Output[str]


def build_role(name: str, purpose: str) -> aws.iam.Role:
    """A role that the tasks of ECS may assume, for one purpose."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    return aws.iam.Role(f"{purpose}-role", name=f"{name}-{purpose}", assume_role_policy=json.dumps(trust))


def execution_policy(repository_arn: Text, log_group_arn: Text, secrets: TaskSecrets) -> Text:
    """What starting a task needs: this one repository's images, this one log group, and the site's own secrets."""
    pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    write = ["logs:CreateLogStream", "logs:PutLogEvents"]
    statements = [
        {"Effect": "Allow", "Action": ["ecr:GetAuthorizationToken"], "Resource": "*"},  # it takes no narrower one
        {"Effect": "Allow", "Action": pull, "Resource": repository_arn},
        {"Effect": "Allow", "Action": write, "Resource": pulumi.Output.concat(log_group_arn, ":*")},
        *reading_statements(secrets),
    ]
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements})
