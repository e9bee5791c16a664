"""A site's secrets on Google Cloud: in Secret Manager, in the site's region, read by its service account alone."""

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
    name: str,
    region: str,
    secrets: Mapping[str, str],
    account: gcp.serviceaccount.Account,
    ready: pulumi.ResourceOptions,
) -> ServiceSecrets:
    """Variable -> value as secrets of Secret Manager, and the account's right to read each."""
    variables, may_read = [], []
    for variable, value in sorted(secrets.items()):
        short = SHORT_NAMES[variable]
        secret = gcp.secretmanager.Secret(
            short, secret_id=f"{name}-{short}", replication=_replication(region), opts=ready
        )
        version = gcp.secretmanager.SecretVersion(short, secret=secret.id, secret_data=pulumi.Output.secret(value))
        may_read.append(
            gcp.secretmanager.SecretIamMember(
                f"may-read-{short}", secret_id=secret.id, role=READ_SECRETS, member=account.member
            )
        )
        variables.append(_variable(variable, secret, version))
    return ServiceSecrets(variables, may_read)


def _replication(region: str) -> gcp.secretmanager.SecretReplicationArgs:
    """In the site's region and in no other: where Google chooses, it may be anywhere."""
    replica = gcp.secretmanager.SecretReplicationUserManagedReplicaArgs(location=region)
    managed = gcp.secretmanager.SecretReplicationUserManagedArgs(replicas=[replica])
    return gcp.secretmanager.SecretReplicationArgs(user_managed=managed)


def _variable(
    variable: str, secret: gcp.secretmanager.Secret, version: gcp.secretmanager.SecretVersion
) -> gcp.cloudrunv2.ServiceTemplateContainerEnvArgs:
    """By its number: with `latest` other keys would be no revision, and a bad one would break every new instance."""
    reference = gcp.cloudrunv2.ServiceTemplateContainerEnvValueSourceSecretKeyRefArgs(
        secret=secret.secret_id, version=version.version
    )
    source = gcp.cloudrunv2.ServiceTemplateContainerEnvValueSourceArgs(secret_key_ref=reference)
    return gcp.cloudrunv2.ServiceTemplateContainerEnvArgs(name=variable, value_source=source)
