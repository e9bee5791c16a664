"""Rules of Azure that are enforced: for each the program that breaks it and the one that does not."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.clouds.accounts import COMMITTED_VAULT, Accounts, Vault
from sandbox.clouds.azure import vaults
from sandbox.clouds.azure.certificates import CERTIFICATE, SECRETS_USER, fits, names_of
from sandbox.clouds.azure.environments import verification_id
from sandbox.clouds.store import CloudRefused
from sandbox.engine.cloud import NotReady
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import DIGEST, HOST, OTHER_DIGEST, Clouds

APP = "azure-native:app:ContainerApp"
ASSIGNMENT = "azure-native:authorization:RoleAssignment"


def test_a_right_site_has_a_front_for_the_host_alone(clouds: Clouds) -> None:
    sites.azure_site(clouds)
    entry, workload = clouds.entry_point("azure"), clouds.workload("azure")
    assert entry is not None and workload is not None
    assert entry.workload == workload.key
    assert [binding.host for binding in entry.bindings] == [HOST]
    assert (workload.image, workload.port, workload.min_replicas, workload.max_replicas) == (DIGEST, 8080, 2, 4)
    assert not workload.tells_port


# -- domains ---------------------------------------------------------------------------------------------------------


def test_a_custom_domain_needs_its_asuid_record(clouds: Clouds) -> None:
    base = sites.azure_base(clouds)
    certificate, image = sites.azure_certificate(clouds, base), sites.azure_image(clouds, base)
    with pytest.raises(CloudRefused, match=rf"asuid\.{HOST} to {verification_id()} was not found"):
        sites.azure_app(clouds, base, certificate, image)
    clouds.answer(f"asuid.{HOST}", "TXT", "somebody else's")
    with pytest.raises(CloudRefused, match="InvalidCustomHostNameValidation"):
        sites.azure_app(clouds, base, certificate, image)
    clouds.answer(f"asuid.{HOST}", "TXT", "v=spf1 -all", verification_id())
    assert sites.azure_app(clouds, base, certificate, image).id


def test_a_certificate_has_to_be_for_the_domain(clouds: Clouds) -> None:
    base = sites.azure_base(clouds)
    certificate, image = sites.azure_certificate(clouds, base), sites.azure_image(clouds, base)
    clouds.answer("asuid.other.example", "TXT", verification_id())
    with pytest.raises(CloudRefused, match=rf"CertificateDomainMismatch.*other\.example.*{HOST}"):
        sites.azure_app(clouds, base, certificate, image, "other.example")


def test_another_certificate_in_the_vault_is_read_again(clouds: Clouds) -> None:
    base = sites.azure_base(clouds)
    clouds.answer(f"asuid.{HOST}", "TXT", verification_id())
    right = clouds.world.accounts
    secret = HOST.replace(".", "-")
    clouds.world.accounts = Accounts(vaults=(Vault(COMMITTED_VAULT, {secret: ("other.example",)}),))
    vaults.fill(clouds.world.ca, clouds.world.accounts)
    certificate = sites.azure_certificate(clouds, base)
    with pytest.raises(CloudRefused, match="CertificateDomainMismatch"):
        sites.azure_app(clouds, base, certificate, sites.azure_image(clouds, base))
    clouds.world.accounts = right
    vaults.fill(clouds.world.ca, right)
    clouds.effects()
    assert names_of(clouds.only(CERTIFICATE)) == [HOST]
    assert sites.azure_app(clouds, base, certificate, sites.azure_image(clouds, base)).id


def test_a_domain_bound_to_tls_needs_a_certificate(clouds: Clouds) -> None:
    base = sites.azure_base(clouds)
    clouds.answer(f"asuid.{HOST}", "TXT", verification_id())
    with pytest.raises(CloudRefused, match="CertificateMissing"):
        sites.azure_app(clouds, base, None, sites.azure_image(clouds, base))


@pytest.mark.parametrize(
    ("host", "names", "right"),
    [
        ("a.example", ["a.example"], True),
        ("b.a.example", ["*.a.example"], True),
        ("a.example", ["*.a.example"], False),
        ("c.b.a.example", ["*.a.example"], False),
        ("a.example", ["b.example"], False),
    ],
)
def test_a_wildcard_covers_one_label(host: str, names: list[str], right: bool) -> None:
    assert fits(host, names) is right


# -- the vault -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.vault.azure.net/secrets/api-outlast-example",
        "https://outlast-sandbox.vault.azure.net/secrets/no-such",
        "https://outlast-sandbox.vault.azure.net/certificates/api-outlast-example",
        "https://outlast-sandbox.vault.azure.net/secrets/",
    ],
)
def test_a_secret_that_the_vault_does_not_hold_is_refused(clouds: Clouds, url: str) -> None:
    base = sites.azure_base(clouds)
    with pytest.raises(CloudRefused, match="KeyVaultSecretNotFound"):
        sites.azure_certificate(clouds, base, url)
    assert sites.azure_certificate(clouds, base, f"{sites.SECRET}/0123456789abcdef").id


def test_the_secret_is_read_only_with_the_role(clouds: Clouds) -> None:
    base = sites.azure_base(clouds, may_read=False)
    with pytest.raises(CloudRefused, match=r"Forbidden.*getSecret"):
        sites.azure_certificate(clouds, base)
    who = {"principalId": base["identity"].outputs["principalId"], "roleDefinitionId": sites.role(SECRETS_USER)}
    for scope in (f"{COMMITTED_VAULT}-other", COMMITTED_VAULT.rpartition("/")[0][:-3]):
        clouds.make(ASSIGNMENT, scope, stack="azure", scope=scope, **who)
        with pytest.raises(CloudRefused, match="Forbidden"):
            sites.azure_certificate(clouds, base)
    clouds.make(ASSIGNMENT, "group", stack="azure", scope=COMMITTED_VAULT.partition("/providers/")[0].upper(), **who)
    assert sites.azure_certificate(clouds, base).id


def test_an_identity_that_the_environment_does_not_have_reads_nothing(clouds: Clouds) -> None:
    base = sites.azure_base(clouds)
    clouds.world.store.require("azure-native:app:ManagedEnvironment", base["environment"].id, "").inputs[
        "identity"
    ] = {}
    with pytest.raises(CloudRefused, match="Forbidden"):
        sites.azure_certificate(clouds, base)


# -- images ----------------------------------------------------------------------------------------------------------


def test_the_image_is_pulled_only_with_acr_pull(clouds: Clouds) -> None:
    base = sites.azure_base(clouds, may_pull=False)
    clouds.answer(f"asuid.{HOST}", "TXT", verification_id())
    certificate, image = sites.azure_certificate(clouds, base), sites.azure_image(clouds, base)
    with pytest.raises(CloudRefused, match=r"Unable to pull image.*unauthorized"):
        sites.azure_app(clouds, base, certificate, image)
    who = {"principalId": base["identity"].outputs["principalId"]}
    definition = sites.role("7f951dda-4ed3-4680-a7ca-43fe172d538d")
    clouds.make(ASSIGNMENT, "may-pull", stack="azure", roleDefinitionId=definition, scope=base["registry"].id, **who)
    assert sites.azure_app(clouds, base, certificate, image).id


def test_a_digest_that_the_registry_does_not_hold_is_refused(clouds: Clouds) -> None:
    base = sites.azure_base(clouds)
    clouds.answer(f"asuid.{HOST}", "TXT", verification_id())
    image = sites.azure_image(clouds, base).replace(DIGEST, OTHER_DIGEST)
    with pytest.raises(CloudRefused, match="MANIFEST_UNKNOWN"):
        sites.azure_app(clouds, base, sites.azure_certificate(clouds, base), image)


def test_a_revision_that_never_answers_gets_no_traffic(clouds: Clouds) -> None:
    app = sites.azure_site(clouds)
    assert app.outputs["latestReadyRevisionName"] == "outlast-azure--0000001"
    clouds.failing[OTHER_DIGEST] = "exit code 1"
    image = f"outlastazure.azurecr.io/service@{OTHER_DIGEST}"
    clouds.push(image)
    with pytest.raises(NotReady, match=r"Failed to provision revision.*exit code 1") as failed:
        clouds.change(app, template=sites.azure_template(image))
    assert failed.value.outputs["latestRevisionName"] == "outlast-azure--0000002"
    assert failed.value.outputs["latestReadyRevisionName"] == "outlast-azure--0000001"
    workload = clouds.workload("azure")
    assert workload is not None and workload.image == DIGEST
    clouds.failing.clear()
    outputs = clouds.change(app, template=sites.azure_template(image, minReplicas=1))
    assert outputs["latestReadyRevisionName"] == "outlast-azure--0000003"
    workload = clouds.workload("azure")
    assert workload is not None and workload.image == OTHER_DIGEST


def test_only_a_change_of_the_template_makes_a_revision(clouds: Clouds) -> None:
    app = sites.azure_site(clouds)
    assert clouds.change(app, tags={"team": "a"})["latestRevisionName"].endswith("--0000001")


def test_a_group_that_does_not_exist_holds_nothing(clouds: Clouds) -> None:
    with pytest.raises(CloudRefused, match="ResourceGroupNotFound"):
        clouds.make("azure-native:containerregistry:Registry", registryName="outlast", **sites.GROUP)


def test_port_80_leads_to_443_unless_plain_http_is_let_in(clouds: Clouds) -> None:
    sites.azure_site(clouds)
    plain, entry = clouds.entry_point("azure", 80), clouds.entry_point("azure")
    assert plain is not None and entry is not None
    assert plain.redirect and plain.address == entry.address and not plain.bindings
    clouds.only("azure-native:app:ContainerApp").inputs["configuration"]["ingress"]["allowInsecure"] = True
    assert clouds.entry_point("azure", 80) is None and clouds.entry_point("azure") is not None


def test_an_environment_needs_a_delegated_subnet_to_be_in_every_zone(clouds: Clouds) -> None:
    base, network = sites.azure_base(clouds), "azure-native:network:VirtualNetwork"
    with pytest.raises(CloudRefused, match="zoneRedundant needs a subnet"):
        clouds.change(base["environment"], zoneRedundant=True)
    subnet: dict[str, Any] = {"name": "apps", "addressPrefix": "10.3.0.0/24"}
    space = {"addressPrefixes": ["10.3.0.0/24"]}
    named = {"virtualNetworkName": "site", "addressSpace": space, **sites.GROUP}
    made = clouds.make(network, stack="azure", subnets=[subnet], **named)
    inside = {"zoneRedundant": True, "vnetConfiguration": {"infrastructureSubnetId": f"{made.id}/subnets/apps"}}
    with pytest.raises(CloudRefused, match="must be delegated"):
        clouds.change(base["environment"], **inside)
    clouds.change(made, subnets=[{**subnet, "delegations": [{"serviceName": "Microsoft.App/environments"}]}])
    clouds.change(base["environment"], **inside)
    clouds.delete(made)
    with pytest.raises(CloudRefused, match="was not found"):
        clouds.redeploy(base["environment"])
