"""Azure Storage: accounts and their blob containers."""

from __future__ import annotations

from collections.abc import Iterator

from infra.settings.regions import has_zones
from sandbox.clouds.azure.common import IN_GROUP, REGION, common_outputs, in_group, location_of, tail
from sandbox.clouds.buckets import ACCOUNT, CONTAINER, keep_objects
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import ID, Mistake, Text, because, is_known
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, nested
from sandbox.clouds.world import World

_ACCOUNT_NAME = Text(24, r"[a-z0-9]+", "Azure naming rules, storageAccounts", shortest=3)
_CONTAINER_NAME = Text(63, r"[a-z0-9](-?[a-z0-9])*", "Azure naming rules, blobServices/containers", shortest=3)


def _account_outputs(world: World, r: Resource) -> Values:
    name = tail(r)
    endpoints = {kind: f"https://{name}.{kind}.core.windows.net/" for kind in ("blob", "dfs", "file", "queue", "table")}
    own = {"location": location_of(r), "primaryEndpoints": endpoints, "provisioningState": "Succeeded"}
    return {**common_outputs(r, "Microsoft.Storage/storageAccounts"), **own, "statusOfPrimary": "available"}


def _container_outputs(world: World, r: Resource) -> Values:
    own = {"deleted": False, "hasImmutabilityPolicy": False, "leaseState": "Available"}
    return {**common_outputs(r, "Microsoft.Storage/storageAccounts/blobServices/containers"), **own}


def _account_allows(world: World, r: Resource) -> None:
    """A container is open to everybody only where its account allows that. Azure Storage, anonymous read access."""
    account = world.store.find(ACCOUNT, r.inputs.get("accountName"))
    if account is None:
        name = r.inputs.get("accountName")
        raise CloudRefused(
            f'Code="ResourceNotFound" Message="The Resource \'{name}\' under resource group was not found."'
        )
    if r.inputs.get("publicAccess") in ("Blob", "Container") and not account.inputs.get("allowBlobPublicAccess"):
        raise CloudRefused(
            'Code="PublicAccessNotPermitted" Message="Public access is not permitted on this storage account."',
            hint="set allow_blob_public_access=True on the account",
        )


def _spread(inputs: Values) -> Iterator[Mistake]:
    """learn.microsoft.com/azure/storage/common/storage-redundancy: zones are written to only where there are some."""
    location, sku = inputs.get("location"), nested(inputs, "sku", "name")
    if is_known(location, sku) and "ZRS" in str(sku) and not has_zones(str(location)):
        yield "sku.name", f"SkuNotAvailable: {sku} is not offered in {location}, which has no availability zones"


declare(
    ACCOUNT,
    fidelity=Fidelity.SIMULATED,
    effect="its containers have a host name of their own",
    not_simulated="files, queues, tables, keys, firewalls, replication",
    id_of=in_group("Microsoft.Storage/storageAccounts", "accountName"),
    outputs=_account_outputs,
    limits={"accountName": _ACCOUNT_NAME, "location": REGION},
    combinations=(_spread,),
    not_known=("the words with which a SKU is refused in a region that has none",),
    forces_new=IN_GROUP | because(ID, "accountName"),
)
declare(
    CONTAINER,
    fidelity=Fidelity.SIMULATED,
    effect="blobs can be written to it with credentials, and read by everybody where it is public",
    not_simulated="listing, leases, immutability",
    id_of=in_group("Microsoft.Storage/storageAccounts/{accountName}/blobServices/default/containers", "containerName"),
    outputs=_container_outputs,
    rules=(_account_allows,),
    delete=keep_objects("azure"),
    limits={"containerName": _CONTAINER_NAME},
    forces_new=because(ID, "accountName", "containerName", "resourceGroupName"),
)
