"""A store of drain switches in Azure: a storage account with one container whose blobs anybody may read."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_azure_native import authorization, resources, storage

from infra.settings.kinds import BaseSettings
from infra.settings.regions import has_zones
from infra.switch import FLAGS


def make_store(settings: BaseSettings) -> Sequence[pulumi.CustomResource]:
    """Everything that has to be there before a checker can look."""
    kept = pulumi.ResourceOptions(protect=settings.protect)
    group = resources.ResourceGroup(
        "group", resource_group_name=f"outlast-{settings.name}", location=settings.region, opts=kept
    )
    # Route 53's checkers have no credentials; the container decides what may be read without.
    account = make_account("store", settings.store, settings, group, public=True)
    flags = storage.BlobContainer(
        FLAGS,
        container_name=FLAGS,
        account_name=account.name,
        resource_group_name=group.name,
        # Read, and not list.
        public_access=storage.PublicAccess.BLOB,
    )
    return [account, flags, *([make_lock("lock", group)] if settings.protect else [])]


def make_account(
    name: str, account: str, settings: BaseSettings, group: resources.ResourceGroup, *, public: bool
) -> storage.StorageAccount:
    """A storage account in three zones, where its region has them; `public`: a container of it may let anybody read."""
    spread = storage.SkuName.STANDARD_ZRS if has_zones(settings.region) else storage.SkuName.STANDARD_LRS
    return storage.StorageAccount(
        name,
        account_name=account,
        resource_group_name=group.name,
        location=settings.region,
        kind=storage.Kind.STORAGE_V2,
        sku=storage.SkuArgs(name=spread),
        allow_blob_public_access=public,
        enable_https_traffic_only=True,
        # The checkers, which read the switches, speak TLS up to 1.2.
        minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
        opts=pulumi.ResourceOptions(protect=settings.protect),
    )


def make_lock(name: str, group: resources.ResourceGroup) -> pulumi.CustomResource:
    """Azure has no deletion protection of an account: a lock of its group is that."""
    lock: pulumi.CustomResource = authorization.ManagementLockAtResourceGroupLevel(
        name, resource_group_name=group.name, level=authorization.LockLevel.CAN_NOT_DELETE
    )
    return lock
