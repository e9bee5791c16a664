"""An Azure ML workspace with all that a job needs, for the tests of its parts."""

from __future__ import annotations

from typing import Any

from sandbox.clouds.azure.identity import ACR_PULL
from sandbox.clouds.azure.training_rules import READ_BLOBS, WRITE_BLOBS
from sandbox.clouds.azure.workspaces import ML_WORKSPACE, VAULT
from sandbox.clouds.buckets import ACCOUNT, CONTAINER
from sandbox.clouds.object_store import ObjectStore
from sandbox.images import store as images
from tests.sandbox.clouds.harness import Clouds, Made
from tests.sandbox.clouds.sites import role

GROUP = {"resourceGroupName": "train", "location": "eastus"}
IN = {"stack": "training-azure"}


class Workspace:
    """`lacks` names a role that the job's identity is not given: pull, read or write."""

    def __init__(self, clouds: Clouds, objects: ObjectStore, image: images.Image, lacks: str = "") -> None:
        self.clouds = clouds
        self.make("azure-native:resources:ResourceGroup", **GROUP)
        self.identity = self.make("azure-native:managedidentity:UserAssignedIdentity", resourceName="job", **GROUP)
        registry = self.make("azure-native:containerregistry:Registry", registryName="crtrain", **GROUP)
        account = self.make(ACCOUNT, accountName="trainstore", **GROUP)
        containers = {name: self._container(name) for name in ("data", "output", "checkpoints")}
        self._grant("pull", ACR_PULL, registry.id, lacks)
        self._grant("read", READ_BLOBS, containers["data"].id, lacks)
        for name in ("output", "checkpoints"):
            self._grant(f"write-{name}", WRITE_BLOBS, containers[name].id, lacks)
        vault = self.make(
            VAULT, vaultName="kvtrain", properties={"tenantId": "t", "sku": {"name": "standard"}}, **GROUP
        )
        self.workspace = self.make(
            ML_WORKSPACE,
            workspaceName="train",
            storageAccount=account.id,
            keyVault=vault.id,
            containerRegistry=registry.id,
            identity={"type": "SystemAssigned,UserAssigned", "userAssignedIdentities": [self.identity.id]},
            **GROUP,
        )
        server = str(registry.outputs["loginServer"])
        self.image = f"{server}/training@{image.digest}"
        clouds.world.images.push(server, "training", image, [])
        objects.change("trainstore/data/inputs/table.csv", b"a,b", lambda there: True)

    def make(self, type_: str, name: str = "one", /, **inputs: Any) -> Made:
        return self.clouds.make(type_, name, **IN, **inputs)

    def _container(self, name: str) -> Made:
        return self.make(CONTAINER, name, containerName=name, accountName="trainstore", resourceGroupName="train")

    def _grant(self, name: str, definition: str, scope: str, lacks: str) -> None:
        if name.partition("-")[0] != lacks:
            self.make(
                "azure-native:authorization:RoleAssignment",
                name,
                principalId=self.identity.outputs["principalId"],
                principalType="ServicePrincipal",
                roleDefinitionId=role(definition),
                scope=scope,
            )
