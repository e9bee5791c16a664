"""Secrets on Azure: in a Key Vault, read by the site's identity, which may read each of them and nothing else there."""

from __future__ import annotations

import pytest

from infra.azure.secrets import KEYS_VERSION
from infra.azure.site import READ_SECRETS
from infra.secrets import API_KEYS, RECEIPT_KEYS
from service.errors import InvalidInput
from tests.infra.harness import KEYS, run_stack

SECRET, GRANT = "azure-native:keyvault:Secret", "azure-native:authorization:RoleAssignment"
APP = "azure-native:app:ContainerApp"
ELSEWHERE = (
    "/subscriptions/99999999-9999-9999-9999-999999999999/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv1"
)


def test_each_secret_is_written_into_the_vault_under_a_name_of_this_site() -> None:
    secrets = run_stack("azure").all(SECRET)
    assert {r.inputs["vaultName"] for r in secrets.values()} == {"outlast-sandbox"}
    assert secrets["api-keys"].inputs["secretName"] == "outlast-azure-api-keys-principa"
    assert secrets["api-keys"].inputs["properties"]["value"] == KEYS["outlast:apiKeys"]


def test_the_app_reads_them_with_its_identity_by_their_version() -> None:
    run = run_stack("azure")
    app = run.one(APP)
    references = {one["name"]: one for one in app.inputs["configuration"]["secrets"]}
    assert references.keys() == {"api-keys", "receipt-keys"}
    assert references["api-keys"]["keyVaultUrl"] == "https://vault/secrets/api-keys/v-api-keys"
    assert references["api-keys"]["identity"] in app.inputs["identity"]["userAssignedIdentities"]
    variables = {v["name"]: v for v in app.inputs["template"]["containers"][0]["env"]}
    assert variables[API_KEYS]["secretRef"] == "api-keys" and variables[RECEIPT_KEYS]["secretRef"] == "receipt-keys"
    assert variables[KEYS_VERSION]["value"] == "v-api-keys.v-receipt-keys", "other keys are another revision"
    assert KEYS["outlast:receiptKeys"] not in str(app.inputs)


def test_the_identity_may_read_each_by_itself_before_the_app_is_made() -> None:
    run = run_stack("azure")
    readers = {n: r.inputs["scope"] for n, r in run.all(GRANT).items() if READ_SECRETS in r.inputs["roleDefinitionId"]}
    assert readers.pop("may-read").endswith("/vaults/outlast-sandbox/secrets/api-outlast-example")
    assert readers == {"may-read-api-keys": "api-keys-id", "may-read-receipt-keys": "receipt-keys-id"}
    waited = str(run.one(APP).options["dependsOn"])
    assert "may-read-api-keys" in waited and "may-read-receipt-keys" in waited


def test_a_vault_of_another_subscription_is_refused_with_what_to_name_instead() -> None:
    with pytest.raises(InvalidInput) as caught:
        run_stack("azure", secretsVault=ELSEWHERE)
    (mistake,) = caught.value.mistakes
    assert "outlast:secretsVault" in mistake.place and "subscription 99999999" in mistake.what
