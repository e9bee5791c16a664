"""Secrets of Key Vault: what a revision is made with, and what Container Apps says where it cannot read one."""

from __future__ import annotations

import pytest

from sandbox.clouds.accounts import COMMITTED_VAULT
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds

SECRET, GRANT = "azure-native:keyvault:Secret", "azure-native:authorization:RoleAssignment"
IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"


def value_at(clouds: Clouds) -> str | None:
    """What the container has as its keys."""
    workload = clouds.workload("azure")
    assert workload is not None
    return dict(workload.environment).get(sites.KEYS)


def test_a_container_has_what_its_app_reads_from_the_vault(clouds: Clouds) -> None:
    sites.azure_keys(clouds)
    assert value_at(clouds) == sites.HASHES


def test_a_change_of_the_secret_alone_makes_no_revision_and_a_changed_variable_does(clouds: Clouds) -> None:
    app = sites.azure_keys(clouds)
    secret = clouds.only(SECRET)
    before = secret.outputs["properties"]["secretUriWithVersion"]
    asked = clouds.request(SECRET, "one", {**secret.inputs, "properties": {"value": "[]"}}, stack="azure", id=secret.id)
    after = clouds.clouds.update(asked)["properties"]["secretUriWithVersion"]
    assert after != before
    sites.azure_take(clouds, app, after)
    assert value_at(clouds) == sites.HASHES, "the replicas that run go on as they are"
    sites.azure_take(clouds, app, after, mark="2")
    assert value_at(clouds) == "[]"


def test_an_identity_without_the_role_cannot_fetch_it(clouds: Clouds) -> None:
    app = sites.azure_keys(clouds)
    url = clouds.only(SECRET).outputs["properties"]["secretUriWithVersion"]
    clouds.delete(clouds.only(GRANT, "may-read-keys"))
    with pytest.raises(CloudRefused, match="unable to fetch secret 'api-keys' using Managed identity") as caught:
        sites.azure_take(clouds, app, url)
    assert sites.HASHES not in caught.value.what


def test_a_role_on_another_secret_of_the_vault_is_none_on_this(clouds: Clouds) -> None:
    app = sites.azure_keys(clouds)
    url = clouds.only(SECRET).outputs["properties"]["secretUriWithVersion"]
    grant = clouds.only(GRANT, "may-read-keys")
    grant.inputs["scope"] = f"{COMMITTED_VAULT}/secrets/site-api"
    with pytest.raises(CloudRefused, match="Unable to get value"):
        sites.azure_take(clouds, app, url)
    grant.inputs["scope"] = COMMITTED_VAULT
    sites.azure_take(clouds, app, url)


def test_a_version_that_is_not_there_cannot_be_fetched(clouds: Clouds) -> None:
    app = sites.azure_keys(clouds)
    url = clouds.only(SECRET).outputs["properties"]["secretUri"]
    with pytest.raises(CloudRefused, match="Unable to get value"):
        sites.azure_take(clouds, app, f"{url}/00000000000000000000000000000000")


def test_a_variable_whose_secret_the_app_lacks_is_refused(clouds: Clouds) -> None:
    app = sites.azure_keys(clouds)
    template = sites.azure_template(app.request.inputs["template"]["containers"][0]["image"])
    template["containers"][0]["env"] += [{"name": sites.KEYS, "secretRef": "receipt-keys"}]
    with pytest.raises(CloudRefused, match="SecretRef 'receipt-keys' defined for container 'service' not found"):
        clouds.change(app, template=template)


def test_a_vault_that_nobody_has_takes_no_secret(clouds: Clouds) -> None:
    with pytest.raises(CloudRefused, match=r"ParentResourceNotFound.*vaults/nobody"):
        clouds.make(SECRET, stack="azure", vaultName="nobody", resourceGroupName="g", secretName="s", properties={})


def test_an_identity_that_is_made_anew_is_another_principal(clouds: Clouds) -> None:
    sites.azure_base(clouds)
    before = clouds.only(IDENTITY)
    clouds.delete(before)
    again = clouds.make(IDENTITY, stack="azure", **before.inputs)
    assert again.id == before.id and again.outputs["principalId"] != before.outputs["principalId"]
