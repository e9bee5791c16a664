"""The values of a site's secrets on AWS, in Secrets Manager, where the tasks' execution role alone may read them."""

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


def build_secrets(arns: Mapping[str, pulumi.Output[str]], secrets: Mapping[str, str]) -> TaskSecrets:
    """Variable -> value into the secrets with those ARNs, each named by the version that the tasks are to read.

    ECS reads a secret when a task starts and never again. With its version in the task definition other keys are
    another definition, so the tasks are replaced by it, and a task that is replaced meanwhile reads what its own names.
    """
    references = [_write(variable, arns[variable], value) for variable, value in sorted(secrets.items())]
    return TaskSecrets(references, [arns[variable] for variable in sorted(secrets)])


def _write(variable: str, arn: pulumi.Output[str], value: str) -> Mapping[str, Any]:
    version = aws.secretsmanager.SecretVersion(
        SHORT_NAMES[variable], secret_id=arn, secret_string=pulumi.Output.secret(value)
    )
    # ECS API, Secret.valueFrom: arn:json-key:version-stage:version-id
    return {"name": variable, "valueFrom": pulumi.Output.concat(arn, ":::", version.version_id)}


def reading_statements(secrets: TaskSecrets) -> list[Mapping[str, Any]]:
    """What the execution role's policy needs, to read these secrets and no other; nothing where there are none."""
    if not secrets.arns:
        return []
    return [{"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": list(secrets.arns)}]
