"""What of a training stack on Azure is encrypted by a key of one's own: the account, and the workspace's own records.

The account reads the key as an identity of its own, which no job has. Disks of serverless compute take no such key:
Azure deletes them with the job, and `hbi_workspace` has their scratch space encrypted as well (Azure ML, data
encryption, "Compute").
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import pulumi
from pulumi_azure_native import machinelearningservices as ml
from pulumi_azure_native import managedidentity, resources, storage

from infra.azure.roles import grant
from infra.settings.kinds import TrainingSettings
from infra.site import after
from infra.training import name_training

USE_KEYS = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
"""Key Vault Crypto Service Encryption User: learn.microsoft.com/azure/role-based-access-control/built-in-roles"""

KEY = re.compile(r"(?P<vault>/.+/vaults/(?P<host>[^/]+))/keys/(?P<name>[^/]+)/versions/(?P<version>[^/]+)")
"""An ARM id of a key's version: it names the vault, on which a role is given, and the key's own address."""


class Key(NamedTuple):
    """A version of a key, by its parts."""

    vault: str
    host: str
    name: str
    version: str

    @property
    def address(self) -> str:
        """Where the vault answers for it."""
        return f"https://{self.host}.vault.azure.net/keys/{self.name}/{self.version}"


def read_key(arm_id: str) -> Key:
    """The parts of a key's ARM id, which the stack's file was held to."""
    found = KEY.fullmatch(arm_id)
    assert found, arm_id
    return Key(**found.groupdict())


def of_account(settings: TrainingSettings, group: resources.ResourceGroup) -> dict[str, Any]:
    """The arguments by which the storage account uses the key; none where the stack's file names none."""
    if not settings.kms_key:
        return {}
    key, reader = read_key(settings.kms_key), _make_reader(settings, group)
    encryption = storage.EncryptionArgs(
        key_source=storage.KeySource.MICROSOFT_KEYVAULT,
        # Without the version the account follows the key to its next one.
        key_vault_properties=storage.KeyVaultPropertiesArgs(
            key_name=key.name, key_vault_uri=f"https://{key.host}.vault.azure.net"
        ),
        encryption_identity=storage.EncryptionIdentityArgs(encryption_user_assigned_identity=reader),
    )
    identity = storage.IdentityArgs(type=storage.IdentityType.USER_ASSIGNED, user_assigned_identities=[reader])
    return {"encryption": encryption, "identity": identity}


def of_workspace(settings: TrainingSettings) -> dict[str, Any]:
    """The arguments by which what Azure ML itself stores of the workspace is under the key."""
    if not settings.kms_key:
        return {}
    key = read_key(settings.kms_key)
    encryption = ml.EncryptionPropertyArgs(
        status=ml.EncryptionStatus.ENABLED,
        key_vault_properties=ml.KeyVaultPropertiesArgs(key_identifier=key.address, key_vault_arm_id=key.vault),
    )
    # On the service's side: else Azure makes a Cosmos DB and a search service in the subscription, and bills them.
    return {"encryption": encryption, "enable_service_side_cmk_encryption": True, "hbi_workspace": True}


def _make_reader(settings: TrainingSettings, group: resources.ResourceGroup) -> pulumi.Output[str]:
    """The identity that uses the key, known once it may."""
    identity = managedidentity.UserAssignedIdentity(
        "key",
        resource_name_=f"{name_training(settings)}-key",
        resource_group_name=group.name,
        location=settings.region,
    )
    may = grant(settings.account, "may-use-key", identity, USE_KEYS, read_key(settings.kms_key).vault)
    return after(identity.id, may)
