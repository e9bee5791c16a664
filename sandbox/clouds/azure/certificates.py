"""Certificates of an environment, read from a Key Vault that was there before by the site's own identity.

The vault exists beforehand, as the program expects: it holds certificates of the private CA, and nobody reads it
without the role assignment that the site makes.
"""

from __future__ import annotations

from sandbox.clouds.accounts import Vault
from sandbox.clouds.azure import vaults
from sandbox.clouds.azure.common import IN_GROUP, REGION, common_outputs, in_group
from sandbox.clouds.azure.environments import find_environment
from sandbox.clouds.azure.identity import IDENTITY, SECRETS_USER, assigned, has_role
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import ID, Text, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, nested, stable_hex
from sandbox.clouds.world import World
from sandbox.network.certificates import KeyPair

CERTIFICATE = "azure-native:app:Certificate"


def fits(host: str, names: list[str]) -> bool:
    """Whether a certificate for `names` is one for `host`: itself, or a wildcard one label deep (RFC 6125, 6.4.3)."""
    return host in names or f"*.{host.partition('.')[2]}" in names


def names_of(certificate: Resource) -> list[str]:
    """The host names that a certificate is for."""
    return list(certificate.outputs["properties"]["subjectAlternativeNames"])


def source_of(certificate: Resource) -> str:
    """The address of the secret in the vault that the certificate is read from."""
    return str(nested(certificate.inputs, "properties", "certificateKeyVaultProperties", "keyVaultUrl") or "")


def settle(world: World) -> None:
    """Read anew what lies in the vault, where it is another certificate than it was."""
    for r in world.store.all(CERTIFICATE):
        found = vaults.find(world.ca, world.accounts, source_of(r))
        if found and ({**r.place, **_place(found[1])} != r.place or list(found[1].names) != names_of(r)):
            r.place |= _place(found[1])
            r.outputs = _outputs(world, r)
            world.store.put(r)


def _place(pair: KeyPair) -> dict[str, str]:
    return {"certificate": str(pair.certificate), "key": str(pair.key)}


def _source_rules(world: World, r: Resource) -> None:
    """The environment exists, the vault holds the secret, and the environment's identity may read it:
    learn.microsoft.com/azure/container-apps/key-vault-certificates-manage.
    """
    environment = find_environment(world, r.inputs["resourceGroupName"], r.inputs["environmentName"])
    if environment is None:
        raise CloudRefused(
            f'Code="ResourceNotFound" Message="The environment {r.inputs["environmentName"]} was not found."'
        )
    source = (r.inputs.get("properties") or {}).get("certificateKeyVaultProperties")
    if not source:
        raise CloudRefused(
            "the sandbox takes certificates from its Key Vault only, not as an uploaded PFX",
            hint="set certificate_key_vault_properties: identity and key_vault_url",
        )
    vault, pair = _secret(world, str(source.get("keyVaultUrl", "")))
    name = str(source["keyVaultUrl"]).partition("/secrets/")[2].partition("/")[0]
    _refuse_reader(world, environment, source, f"{vault.id}/secrets/{name}")
    r.place |= _place(pair)


def _secret(world: World, url: str) -> tuple[Vault, KeyPair]:
    """The vault and the key pair behind the address of a secret, with a version or without."""
    found = vaults.find(world.ca, world.accounts, url)
    if found is None:
        known = [f"https://{v.host}/secrets/{name}" for v in world.accounts.vaults for name in v.certificates]
        raise CloudRefused(
            f'Code="KeyVaultSecretNotFound" Message="Unable to get value using Managed identity for secret {url}: '
            'the vault or the secret does not exist."',
            hint=f"there is {', '.join(known) or 'no vault'}",
        )
    return found


def _refuse_reader(world: World, environment: Resource, source: Values, secret: str) -> None:
    """The certificate is read with an identity that is one of its environment's and may read that secret."""
    named = source.get("identity")
    identity = world.store.find(IDENTITY, named) if str(named).lower() in assigned(environment) else None
    if identity is None or not has_role(world, identity, SECRETS_USER, secret):
        raise CloudRefused(
            'Code="Forbidden" Message="Caller is not authorized to perform action on resource: '
            f'Microsoft.KeyVault/vaults/secrets/getSecret/action on {source.get("keyVaultUrl")} by {named}."',
            hint="give the environment that identity, assign it Key Vault Secrets User on the secret, and make the "
            "certificate depend on it",
        )


def _outputs(world: World, r: Resource) -> Values:
    pair = KeyPair.of(r.place)
    names = list(pair.names)
    found = {
        "provisioningState": "Succeeded",
        "subjectName": f"CN={names[0]}",
        "subjectAlternativeNames": names,
        "expirationDate": pair.not_after.isoformat(),
        "issueDate": "2026-01-01T00:00:00+00:00",
        "issuer": "CN=Outlast sandbox CA",
        "publicKeyHash": stable_hex(*names),
        "thumbprint": stable_hex("thumb", *names, pair.certificate.name).upper(),
        "valid": True,
        "deploymentErrors": "",
    }
    return common_outputs(r, "Microsoft.App/managedEnvironments/certificates") | {
        "properties": {**(r.inputs.get("properties") or {}), **found}
    }


# hashicorp/terraform-provider-azurerm, internal/services/{containerapps,loganalytics}/validate: what Azure's pages do
# not list.
_AZURERM = "terraform-provider-azurerm, validate"
_AZURE_CERTIFICATE = Text(None, r"[a-z0-9]([a-z0-9.]|-(?!-))*[a-z0-9]", _AZURERM, shortest=2)


declare(
    CERTIFICATE,
    fidelity=Fidelity.SIMULATED,
    effect="reads the key pair from the vault with the site's identity",
    not_simulated="uploaded PFX files; the twelve hours until another certificate in the vault is read (at once here)",
    rules=(_source_rules,),
    outputs=_outputs,
    id_of=in_group("Microsoft.App/managedEnvironments/{environmentName}/certificates", "certificateName"),
    limits={"certificateName": _AZURE_CERTIFICATE, "location": REGION},
    forces_new=because(ID, "certificateName", "environmentName") | IN_GROUP,
)
