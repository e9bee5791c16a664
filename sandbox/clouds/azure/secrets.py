"""Secrets of Key Vault as the resource manager writes them, and how an app reads them with its identity."""

from __future__ import annotations

from sandbox.clouds.azure.common import common_outputs, subscription_of, tail
from sandbox.clouds.azure.identity import IDENTITY, SECRETS_USER, assigned, has_role
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import ID, Text, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, hex_id, nested
from sandbox.clouds.world import World

SECRET = "azure-native:keyvault:Secret"


def read_secrets(world: World, app: Resource, container: Values) -> dict[str, str]:
    """Variable -> value of those that a container takes from its app's secrets.

    Raises CloudRefused, as Container Apps says it, for what the app's identity may not read and for what is not there.
    """
    values = {one["name"]: _value(world, app, one) for one in nested(app.inputs, "configuration", "secrets") or []}
    found = {}
    for variable in container.get("env") or []:
        name = variable.get("secretRef")
        if name and name not in values:
            raise CloudRefused(
                f'Code="ContainerAppSecretRefNotFound" Message="SecretRef \'{name}\' defined for container '
                f"'{container.get('name')}' not found.\"",
                hint="name one of configuration.secrets",
            )
        if name:
            found[variable["name"]] = values[name]
    return found


def _value(world: World, app: Resource, secret: Values) -> str:
    """Given with the app, or read from the vault: learn.microsoft.com/azure/container-apps/manage-secrets."""
    name, url, named = secret.get("name"), str(secret.get("keyVaultUrl") or ""), secret.get("identity")
    if not url:
        return str(secret.get("value") or "")
    identity = world.store.find(IDENTITY, named) if str(named).lower() in assigned(app) else None
    found = find_secret(world, url)
    if found is None or identity is None or not has_role(world, identity, SECRETS_USER, found.id):
        who = f"Managed identity {named or '(none)'}"
        raise CloudRefused(
            'Code="InvalidParameterValueInContainerTemplate" Message="The following field(s) are either invalid or '
            f"missing. Field 'configuration.secrets' is invalid with details: 'Invalid value: \"{name}\": Unable to "
            f"get value using {who} for secret {name}. Error: unable to fetch secret '{name}' using {who}';.\"",
            hint=f"give the app that identity, assign it Key Vault Secrets User on the secret {url}, and make the app "
            "depend on both",
        )
    return str(nested(found.inputs, "properties", "value") or "")


def find_secret(world: World, url: str) -> Resource | None:
    """The secret behind an address, with the version that it has now or without one."""
    plain = url.lower().rstrip("/")
    for secret in world.store.all(SECRET):
        addresses = (secret.outputs["properties"][name] for name in ("secretUri", "secretUriWithVersion"))
        if plain in [str(address).lower() for address in addresses]:
            return secret
    return None


# -- the type ----------------------------------------------------------------------------------------------------------


def _vault_rule(world: World, r: Resource) -> None:
    """The vault is there beforehand, in the subscription and the group that are named: Azure Resource Manager,
    ParentResourceNotFound.
    """
    vault = f"{_group(r)}/providers/Microsoft.KeyVault/vaults/{r.inputs['vaultName']}"
    if vault.lower() not in [known.id.lower() for known in world.accounts.vaults]:
        known = ", ".join(one.id for one in world.accounts.vaults)
        raise CloudRefused(
            f'Code="ParentResourceNotFound" Message="Failed to perform \'write\' on resource(s) of type '
            f"'vaults/secrets', because the parent resource '{vault}' could not be found.\"",
            hint=f"there is {known or 'no vault'}",
        )


def _group(r: Resource) -> str:
    return f"/subscriptions/{subscription_of(r)}/resourceGroups/{r.inputs['resourceGroupName']}"


def _write_version(world: World, r: Resource) -> None:
    """Each write is another version, under which the address of the secret is pinned."""
    r.place["version"] = hex_id(32)


def _id(world: World, r: Resource) -> str:
    name = r.inputs.get("secretName") or f"{r.name}{hex_id(8)}"
    return f"{_group(r)}/providers/Microsoft.KeyVault/vaults/{r.inputs['vaultName']}/secrets/{name}"


def _outputs(world: World, r: Resource) -> Values:
    address = f"https://{str(r.inputs['vaultName']).lower()}.vault.azure.net/secrets/{tail(r)}"
    # The value is never given back: pulumi-azure-native 3.29.0, SecretProperties.value.
    told = {"secretUri": address, "secretUriWithVersion": f"{address}/{r.place['version']}"}
    return common_outputs(r, "Microsoft.KeyVault/vaults/secrets") | {"properties": told}


_VAULTS = "learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates"

declare(
    SECRET,
    fidelity=Fidelity.SIMULATED,
    effect="is read by an app's identity when a revision is made, and reaches the container as a variable",
    not_simulated="the 7 to 90 days in which a deleted secret's name stays taken; an address without a version, which "
    "is read again within half an hour; expiry",
    rules=(_vault_rule,),
    create=_write_version,
    update=_write_version,
    id_of=_id,
    outputs=_outputs,
    limits={
        "secretName": Text(127, r"[A-Za-z0-9-]+", f"{_VAULTS}, object identifiers"),
        "properties.value": Text(25_000, r"(?s).*", f"{_VAULTS}: secrets up to 25k bytes"),
    },
    forces_new=because(ID, "secretName", "vaultName", "resourceGroupName"),
)
