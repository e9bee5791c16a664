"""A site's secrets on AWS: one secret of Secrets Manager for each, which the tasks' execution role alone may read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.secrets import SHORT_NAMES


@dataclass(frozen=True)
class TaskSecrets:
    """What a container definition says of its secrets, and the ARNs that the execution role has to read for it."""

    references: Sequence[Mapping[str, Any]]
    arns: Sequence[pulumi.Output[str]]


def build_secrets(name: str, secrets: Mapping[str, str]) -> TaskSecrets:
    """Variable -> value as secrets of Secrets Manager, each named by the version that the tasks are to read.

    ECS reads a secret when a task starts and never again. With its version in the task definition other keys are
    another definition, so the tasks are replaced by it, and a task that is replaced meanwhile reads what its own names.
    """
    built = [_build(name, variable, value) for variable, value in sorted(secrets.items())]
    references = [reference for reference, _ in built]
    return TaskSecrets(references, [arn for _, arn in built])


def _build(name: str, variable: str, value: str) -> tuple[Mapping[str, Any], pulumi.Output[str]]:
    short = SHORT_NAMES[variable]
    # No days in which a deleted secret could be had back, and its name could not: the value is in the stack's file.
    secret = aws.secretsmanager.Secret(short, name=f"{name}-{short}", recovery_window_in_days=0)
    version = aws.secretsmanager.SecretVersion(short, secret_id=secret.id, secret_string=pulumi.Output.secret(value))
    # ECS API, Secret.valueFrom: arn:json-key:version-stage:version-id
    return {"name": variable, "valueFrom": pulumi.Output.concat(secret.arn, ":::", version.version_id)}, secret.arn


def reading_statements(secrets: TaskSecrets) -> list[Mapping[str, Any]]:
    """What the execution role's policy needs, to read these secrets and no other; nothing where there are none."""
    if not secrets.arns:
        return []
    return [{"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": list(secrets.arns)}]
