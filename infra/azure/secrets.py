"""A site's secrets on Azure: secrets of a Key Vault that outlives the site, each read by the site's identity alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import app, authorization, keyvault, managedidentity

from infra.applied import apply
from infra.secrets import SHORT_NAMES

KEYS_VERSION = "KEYS_VERSION"
"""A variable that names the versions read. A change of an app's secrets alone makes no new revision, and leaves the
replicas that run as they are (learn.microsoft.com/azure/container-apps/manage-secrets); one of its variables does."""

Grant = Callable[[str, managedidentity.UserAssignedIdentity, pulumi.Input[str]], authorization.RoleAssignment]
"""Lets the identity read the secrets at a scope: name in the program, identity, scope."""


@dataclass(frozen=True)
class AppSecrets:
    """What an app says of its secrets and its container of its variables, and the grants that must be there before."""

    references: Sequence[app.SecretArgs]
    variables: Sequence[app.EnvironmentVarArgs]
    may_read: Sequence[authorization.RoleAssignment]


def build_secrets(
    name: str, vault: str, secrets: Mapping[str, str], identity: managedidentity.UserAssignedIdentity, grant: Grant
) -> AppSecrets:
    """Variable -> value as secrets of the Key Vault with that resource id, and the identity's right to read each."""
    made = {variable: _write(name, vault, variable, value, identity) for variable, value in sorted(secrets.items())}
    may_read = [grant(f"may-read-{SHORT_NAMES[v]}", identity, secret.id) for v, secret in made.items()]
    addresses = [secret.properties.secret_uri_with_version for secret in made.values()]
    references = [
        app.SecretArgs(name=SHORT_NAMES[variable], key_vault_url=address, identity=identity.id)
        for variable, address in zip(made, addresses, strict=True)
    ]
    variables = [app.EnvironmentVarArgs(name=v, secret_ref=SHORT_NAMES[v]) for v in made]
    if made:
        variables.append(app.EnvironmentVarArgs(name=KEYS_VERSION, value=_versions(addresses)))
    return AppSecrets(references, variables, may_read)


def _write(
    name: str, vault: str, variable: str, value: str, identity: managedidentity.UserAssignedIdentity
) -> keyvault.Secret:
    """A vault keeps the name of a deleted secret for 7 to 90 days. So each site names its own after the identity that
    reads them, which is another one each time that the site is made."""
    short = SHORT_NAMES[variable]
    own = apply(identity.principal_id, lambda principal: principal[:8])
    return keyvault.Secret(
        short,
        secret_name=pulumi.Output.concat(f"{name}-{short}-", own),
        vault_name=vault.rpartition("/")[2],
        resource_group_name=vault.split("/")[4],
        properties=keyvault.SecretPropertiesArgs(value=pulumi.Output.secret(value)),
    )


def _versions(addresses: Sequence[pulumi.Output[str]]) -> pulumi.Output[str]:
    known: pulumi.Output[list[str]] = pulumi.Output.all(*addresses)
    return apply(known, lambda found: ".".join(address.rpartition("/")[2] for address in found))
