"""The values of a site's secrets on Google Cloud, in Secret Manager, read by its service account alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from infra.secrets import SHORT_NAMES

READ_SECRETS = "roles/secretmanager.secretAccessor"


@dataclass(frozen=True)
class ServiceSecrets:
    """The container's variables that are secrets, and the grants that must be there before the service."""

    variables: Sequence[gcp.cloudrunv2.ServiceTemplateContainerEnvArgs]
    may_read: Sequence[gcp.secretmanager.SecretIamMember]


def build_secrets(
    name: str, ids: Mapping[str, pulumi.Output[str]], secrets: Mapping[str, str], account: gcp.serviceaccount.Account
) -> ServiceSecrets:
    """Variable -> value into the secrets with those whole names, and the account's right to read each."""
    variables, may_read = [], []
    for variable, value in sorted(secrets.items()):
        short, secret = SHORT_NAMES[variable], ids[variable]
        version = gcp.secretmanager.SecretVersion(short, secret=secret, secret_data=pulumi.Output.secret(value))
        may_read.append(
            gcp.secretmanager.SecretIamMember(
                f"may-read-{short}", secret_id=secret, role=READ_SECRETS, member=account.member
            )
        )
        variables.append(_variable(variable, f"{name}-{short}", version))
    return ServiceSecrets(variables, may_read)


def _variable(
    variable: str, secret: str, version: gcp.secretmanager.SecretVersion
) -> gcp.cloudrunv2.ServiceTemplateContainerEnvArgs:
    """By its number: with `latest` other keys would be no revision, and a bad one would break every new instance."""
    reference = gcp.cloudrunv2.ServiceTemplateContainerEnvValueSourceSecretKeyRefArgs(
        secret=secret, version=version.version
    )
    source = gcp.cloudrunv2.ServiceTemplateContainerEnvValueSourceArgs(secret_key_ref=reference)
    return gcp.cloudrunv2.ServiceTemplateContainerEnvArgs(name=variable, value_source=source)
