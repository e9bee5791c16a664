"""What Azure ML jobs need: a registry with their image, an account with three containers, an identity, a workspace.

The job's identity is attached to the workspace and is not the workspace's own: that one, assigned by the system, gets
wide roles from Azure ML itself on whatever the workspace is made of. A job may read `data` and write `output` and
`checkpoints`, and nothing else. Roles are given on containers, because on Azure a role ends at one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_azure_native import authorization, containerregistry, keyvault, managedidentity, resources, storage
from pulumi_azure_native import machinelearningservices as ml

from infra import plan
from infra.azure import registry_login, training_key
from infra.azure.roles import grant
from infra.image import Login, build_training_image
from infra.settings.kinds import TrainingSettings
from infra.site import after
from infra.training import CHECKPOINTS, DATA, OUTPUT, PREFIX, name_identity, name_training

NAME = "training"
# The same in every subscription: learn.microsoft.com/azure/role-based-access-control/built-in-roles
PULL_IMAGES = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
READ_BLOBS = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
WRITE_BLOBS = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"

FOLDERS = {DATA: "inputs", OUTPUT: "jobs", CHECKPOINTS: "jobs"}
"""Container -> the folder in it that jobs are told: an address has a path on each cloud."""

_SKU = {False: containerregistry.SkuName.BASIC, True: containerregistry.SkuName.PREMIUM}
VAULT_DAYS = 7
"""In which a vault that was deleted keeps its name: the fewest that there are (Key Vault, soft delete)."""


@dataclass(frozen=True)
class Base:
    """What the rest stands on."""

    settings: TrainingSettings
    group: resources.ResourceGroup
    identity: managedidentity.UserAssignedIdentity

    @property
    def kept(self) -> pulumi.ResourceOptions:
        """The options of what holds data or a name."""
        return pulumi.ResourceOptions(protect=self.settings.protect)


def make_training(settings: TrainingSettings) -> dict[str, Any]:
    """Everything; the outputs are known once a job can be started."""
    base = _make_base(settings)
    account, containers = _make_store(base)
    registry, image = _make_image(base)
    may = [
        _grant(base, "may-pull", PULL_IMAGES, registry.id),
        _grant(base, "may-read", READ_BLOBS, containers[DATA].id),
        *(_grant(base, f"may-write-{part}", WRITE_BLOBS, containers[part].id) for part in (OUTPUT, CHECKPOINTS)),
        *(_grant(base, f"may-read-{_tail(one)}", READ_BLOBS, one) for one in settings.data_sources),
    ]
    workspace = _make_workspace(base, account, registry)
    return {
        "trainingImage": image,
        **{f"{part}Address": f"az://{settings.store}/{part}/{folder}" for part, folder in FOLDERS.items()},
        "identity": after(base.identity.id, *may),
        "identityClientId": base.identity.client_id,
        "workspaceId": workspace.id,
        "kmsKeyId": settings.kms_key,
    }


def _tail(arm_id: str) -> str:
    return arm_id.rpartition("/")[2]


def _make_base(settings: TrainingSettings) -> Base:
    group = resources.ResourceGroup("group", resource_group_name=name_training(settings), location=settings.region)
    identity = managedidentity.UserAssignedIdentity(
        "job", resource_name_=name_identity(settings), resource_group_name=group.name, location=settings.region
    )
    return Base(settings, group, identity)


def _grant(base: Base, name: str, role: str, scope: pulumi.Input[str]) -> authorization.RoleAssignment:
    return grant(base.settings.account, name, base.identity, role, scope)


# -- image and store -----------------------------------------------------------------------------------------------


def _make_image(base: Base) -> tuple[containerregistry.Registry, pulumi.Output[str]]:
    registry = containerregistry.Registry(
        "registry",
        registry_name=plan.name_registry(PREFIX, base.settings.name),
        resource_group_name=base.group.name,
        location=base.settings.region,
        # A workspace's own network reaches it by a private endpoint, which Premium alone has.
        sku=containerregistry.SkuArgs(name=_SKU[base.settings.isolated]),
        admin_user_enabled=False,
        opts=base.kept,
    )
    token = registry_login.repository_token(registry.login_server, NAME, authorization.get_client_token_output().token)
    login = Login(registry.login_server, registry_login.TOKEN_USER, token)
    image = build_training_image(pulumi.Output.concat(registry.login_server, "/", NAME), login)
    return registry, image.reference


def _make_store(base: Base) -> tuple[storage.StorageAccount, dict[str, storage.BlobContainer]]:
    """The account: closed, without keys that would open all of it, checkpoints ending. And its containers."""
    settings = base.settings
    account = storage.StorageAccount(
        NAME,
        account_name=settings.store,
        resource_group_name=base.group.name,
        location=settings.region,
        kind=storage.Kind.STORAGE_V2,
        sku=storage.SkuArgs(name=storage.SkuName.STANDARD_LRS),
        allow_blob_public_access=False,
        allow_shared_key_access=False,
        enable_https_traffic_only=True,
        minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
        opts=base.kept,
        **training_key.of_account(settings, base.group),
    )
    containers = {
        part: storage.BlobContainer(
            part,
            container_name=part,
            account_name=account.name,
            resource_group_name=base.group.name,
            public_access=storage.PublicAccess.NONE,
        )
        for part in (DATA, OUTPUT, CHECKPOINTS)
    }
    _make_lifecycle(base, account)
    return account, containers


def _make_lifecycle(base: Base, account: storage.StorageAccount) -> None:
    """Checkpoints are of use until their job is done; output and data go when somebody deletes them."""
    old = storage.DateAfterModificationArgs(days_after_modification_greater_than=base.settings.checkpoint_days)
    rule = storage.ManagementPolicyRuleArgs(
        name=CHECKPOINTS,
        type=storage.RuleType.LIFECYCLE,
        enabled=True,
        definition=storage.ManagementPolicyDefinitionArgs(
            actions=storage.ManagementPolicyActionArgs(base_blob=storage.ManagementPolicyBaseBlobArgs(delete=old)),
            filters=storage.ManagementPolicyFilterArgs(blob_types=["blockBlob"], prefix_match=[f"{CHECKPOINTS}/"]),
        ),
    )
    storage.ManagementPolicy(
        NAME,
        management_policy_name="default",
        account_name=account.name,
        resource_group_name=base.group.name,
        policy=storage.ManagementPolicySchemaArgs(rules=[rule]),
    )


# -- the workspace -------------------------------------------------------------------------------------------------


# Jobs reach the workspace's own stores by private endpoints, and nothing else: Azure ML, managed network isolation.
_ONLY_ITS_OWN = ml.ManagedNetworkSettingsArgs(isolation_mode=ml.IsolationMode.ALLOW_ONLY_APPROVED_OUTBOUND)


def _make_workspace(base: Base, account: storage.StorageAccount, registry: containerregistry.Registry) -> ml.Workspace:
    """Jobs reach the workspace's stores by identity, so that no key of the account lies in its vault."""
    settings = base.settings
    return ml.Workspace(
        NAME,
        workspace_name=name_training(settings),
        resource_group_name=base.group.name,
        location=settings.region,
        sku=ml.SkuArgs(name="Basic", tier=ml.SkuTier.BASIC),
        identity=ml.ManagedServiceIdentityArgs(
            type=ml.ManagedServiceIdentityType.SYSTEM_ASSIGNED_USER_ASSIGNED,
            user_assigned_identities=[base.identity.id],
        ),
        storage_account=account.id,
        key_vault=_make_vault(base).id,
        container_registry=registry.id,
        system_datastores_auth_mode=ml.SystemDatastoresAuthMode.IDENTITY,
        managed_network=_ONLY_ITS_OWN if settings.isolated else None,
        # Of the control plane: whoever starts jobs does so from elsewhere.
        public_network_access=ml.PublicNetworkAccessType.ENABLED,
        opts=base.kept,
        **training_key.of_workspace(settings),
    )


def _make_vault(base: Base) -> keyvault.Vault:
    """A workspace cannot be made without one (its API, properties.keyVault); jobs put nothing into it.

    Whoever destroys it destroys what the workspace keeps there, and its name stays taken for days.
    """
    properties = keyvault.VaultPropertiesArgs(
        tenant_id=authorization.get_client_config_output().tenant_id,
        sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=keyvault.SkuName.STANDARD),
        enable_rbac_authorization=True,
        soft_delete_retention_in_days=VAULT_DAYS,
    )
    return keyvault.Vault(
        NAME,
        vault_name=name_vault(base.settings),
        resource_group_name=base.group.name,
        location=base.settings.region,
        properties=properties,
        opts=base.kept,
    )


def name_vault(settings: TrainingSettings) -> str:
    """Of the store's name, which nobody else in the world has."""
    return f"kv-{settings.store}"
