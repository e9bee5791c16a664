"""Azure Storage: who opens a container, and what goes with it."""

from __future__ import annotations

import pytest

from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds.harness import Clouds
from tests.sandbox.clouds.stores import AZURE_CONTAINER, CONTAINER, make_azure


def test_a_container_is_open_only_where_its_account_allows_that(clouds: Clouds) -> None:
    make_azure(clouds, public=False)
    place = {"resourceGroupName": "switches", "accountName": "switchesazure", "containerName": "open"}
    with pytest.raises(CloudRefused, match="PublicAccessNotPermitted"):
        clouds.make(CONTAINER, "open", stack="base-azure", **place, publicAccess="Blob")


def test_a_container_of_no_account_is_refused(clouds: Clouds) -> None:
    place = {"resourceGroupName": "switches", "accountName": "gone", "containerName": "flags"}
    with pytest.raises(CloudRefused, match="ResourceNotFound"):
        clouds.make(CONTAINER, stack="base-azure", **place)


def test_blobs_go_with_their_container(clouds: Clouds) -> None:
    container = make_azure(clouds)
    clouds.world.objects.change(f"{AZURE_CONTAINER}/aws.drain", b"", lambda there: True)
    clouds.delete(container)
    assert not clouds.world.objects.holds(AZURE_CONTAINER)


def test_an_account_names_its_hosts(clouds: Clouds) -> None:
    make_azure(clouds)
    account = clouds.only("azure-native:storage:StorageAccount")
    assert account.outputs["primaryEndpoints"]["blob"] == "https://switchesazure.blob.core.windows.net/"
