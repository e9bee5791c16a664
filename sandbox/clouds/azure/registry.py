"""Container registries: pushed to with a token for one repository, pulled from with a role."""

from __future__ import annotations

from sandbox.clouds.azure.common import REGION, common_outputs, in_group, tail, unreserved
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import ID, SDK, Text, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import TENANT, Values, stable_hex
from sandbox.clouds.world import World

REGISTRY = "azure-native:containerregistry:Registry"

# Under this name a registry takes a token for a password: Azure/acr, docs/AAD-OAuth.md.
TOKEN_USER = "00000000-0000-0000-0000-000000000000"


def find_registry(world: World, address: str) -> Resource | None:
    """The registry that answers at `address`."""
    return next((r for r in world.store.all(REGISTRY) if r.outputs["loginServer"] == address), None)


def client_token() -> str:
    """The deployer's own Entra token, as `getClientToken` hands it out: the tenant's, so of every subscription."""
    return stable_hex("entra", TENANT, length=64)


def access_token(server: str, repository: str) -> str:
    """What the registry gives for an Entra token: good for one repository."""
    return stable_hex("acr-access", server, repository, length=64)


def why_not_push(world: World, address: str, repository: str, login: tuple[str, str] | None) -> str | None:
    """Why a push to `repository` at `address` is refused, or None.

    `login` None is a docker client that is logged in.
    """
    if find_registry(world, address) is None:
        return f"no registry answers at {address}"
    right = (TOKEN_USER, access_token(address, repository))
    return None if login in (None, right) else "unauthorized: authentication required"


def _name_rule(world: World, r: Resource) -> None:
    """A registry's name is taken once in the world: Azure Container Registry, registries/checkNameAvailability."""
    name = str(r.inputs.get("registryName") or "").lower()
    if any(tail(other).lower() == name and not r.is_same(other) for other in world.store.all(REGISTRY)):
        raise CloudRefused(
            f'Code="AlreadyInUse" Message="The registry DNS name {name}.azurecr.io is already in use."',
            hint="take another name: outlast:prefix and the stack's name make it",
        )


def _outputs(world: World, r: Resource) -> Values:
    return common_outputs(r, "Microsoft.ContainerRegistry/registries") | {
        "loginServer": f"{tail(r).lower()}.azurecr.io",
        "provisioningState": "Succeeded",
        "creationDate": "2026-01-01T00:00:00Z",
    }


def _delete(world: World, r: Resource) -> None:
    world.images.drop(r.outputs["loginServer"])


# learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules: #microsoftresources,
# #microsoftcontainerregistry, #microsoftmanagedidentity, #microsoftapp.
_AZURE = "Azure resource name rules"
_AZURE_REGISTRY = Text(50, r"[A-Za-z0-9]+", _AZURE, shortest=5)


declare(
    REGISTRY,
    fidelity=Fidelity.SIMULATED,
    effect="gives tokens to the deployer; images can be pushed to it with one and pulled with a role",
    not_simulated="replication, retention, firewall; its HTTPS answers for tokens alone",
    id_of=in_group("Microsoft.ContainerRegistry/registries", "registryName"),
    outputs=_outputs,
    delete=_delete,
    limits={"registryName": _AZURE_REGISTRY, "location": REGION},
    combinations=(unreserved("registryName"),),
    rules=(_name_rule,),
    not_known=("whether somebody outside of the sandbox has the name: change `outlast:prefix` then",),
    forces_new=because(ID, "registryName", "resourceGroupName")
    | because(f"{SDK}: 'This cannot be changed after the resource is created'", "location"),
)
