"""Container Apps environments: the static address that apps are reached at."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from infra.settings.regions import has_zones
from sandbox.clouds.azure.common import IN_GROUP, REGION, common_outputs, in_group, location_of, subscription_of, tail
from sandbox.clouds.azure.identity import identity_outputs
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import ID, Mistake, Network, OneOf, Text, because, is_known
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import SUBSCRIPTION, Values, nested, stable_hex
from sandbox.clouds.world import World

NETWORK = "azure-native:network:VirtualNetwork"
ENVIRONMENT = "azure-native:app:ManagedEnvironment"


def verification_id(subscription: str = SUBSCRIPTION) -> str:
    """The id that proves ownership of a domain: one per subscription, readable before anything exists."""
    return stable_hex("asuid", subscription, length=64).upper()


def environment_of(world: World, app: Resource) -> Resource | None:
    """The environment that a container app names, by either of the two inputs."""
    return world.store.find(ENVIRONMENT, app.inputs.get("managedEnvironmentId") or app.inputs.get("environmentId"))


def find_environment(world: World, group: str, name: str) -> Resource | None:
    """The environment of that name in that resource group."""
    found = (e for e in world.store.all(ENVIRONMENT) if tail(e) == name and e.inputs["resourceGroupName"] == group)
    return next(found, None)


def _create(world: World, r: Resource) -> None:
    r.place["address"] = world.addresses.lease()


def _outputs(world: World, r: Resource) -> Values:
    given = r.inputs.get("customDomainConfiguration") or {}
    return (
        common_outputs(r, "Microsoft.App/managedEnvironments")
        | identity_outputs(world, r)
        | {
            "staticIp": r.place["address"],
            "defaultDomain": f"{stable_hex(r.id, length=12)}.{location_of(r)}.azurecontainerapps.io",
            "provisioningState": "Succeeded",
            "customDomainConfiguration": {**given, "customDomainVerificationId": verification_id(subscription_of(r))},
            "eventStreamEndpoint": f"https://{location_of(r)}.azurecontainerapps.dev{r.id}/eventstream",
            "infrastructureResourceGroup": f"ME_{tail(r)}",
        }
    )


# hashicorp/terraform-provider-azurerm, internal/services/{containerapps,loganalytics}/validate: what Azure's pages do
# not list.
_AZURERM = "terraform-provider-azurerm, validate"
_AZURE_ENVIRONMENT = Text(60, r"[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?", _AZURERM)


# pulumi-azure-native 3.29.0, AppLogsConfiguration.destination; empty is none as well.
_DESTINATION = OneOf(("log-analytics", "azure-monitor", "none", ""), "azure-native, AppLogsConfiguration")
# learn.microsoft.com/azure/container-apps/workload-profiles-overview, "Profile types".
_PROFILE_TYPE = OneOf(
    (
        *("Consumption", "D4", "D8", "D16", "D32", "E4", "E8", "E16", "E32", "Flex"),
        *("NC24-A100", "NC48-A100", "NC96-A100", "Consumption-GPU-NC24-A100", "Consumption-GPU-NC8as-T4"),
    ),
    "Container Apps, workload profile types",
)


def _inside(inputs: Values) -> Iterator[Mistake]:
    """Azure, error NetcfgSubnetRangeOutsideVnet: a subnet's range is part of its network's."""
    whole = nested(inputs, "addressSpace", "addressPrefixes") or []
    for number, subnet in enumerate(inputs.get("subnets") or []):
        part = subnet.get("addressPrefix") if isinstance(subnet, dict) else None
        if is_known(part, *whole) and not any(IPv4Network(part).subnet_of(IPv4Network(one)) for one in whole):
            yield f"subnets[{number}].addressPrefix", f"NetcfgSubnetRangeOutsideVnet: {part} is not in {whole}"


def _subnet_rule(world: World, r: Resource) -> None:
    """Its subnet exists and is delegated to environments; without one it lies in one zone: learn.microsoft.com/azure/
    container-apps/custom-virtual-networks.
    """
    reference = str(nested(r.inputs, "vnetConfiguration", "infrastructureSubnetId") or "")
    if not reference:
        if r.inputs.get("zoneRedundant"):
            raise CloudRefused('Code="InvalidRequestParameterWithDetails" Message="zoneRedundant needs a subnet."')
        return
    vnet, _, name = reference.partition("/subnets/")
    subnets = [s for n in world.store.all(NETWORK) if n.id == vnet for s in n.inputs.get("subnets") or []]
    subnet = next((one for one in subnets if one.get("name") == name), None)
    if subnet is None:
        raise CloudRefused(
            f'Code="ManagedEnvironmentSubnetNotFound" Message="The subnet \'{reference}\' was not found."'
        )
    if "Microsoft.App/environments" not in [one.get("serviceName") for one in subnet.get("delegations") or []]:
        raise CloudRefused(
            'Code="ManagedEnvironmentSubnetDelegationError" Message="The subnet must be delegated to the service '
            "'Microsoft.App/environments'.\""
        )


def _zones(inputs: Values) -> Iterator[Mistake]:
    """learn.microsoft.com/azure/reliability/regions-list: replicas are spread over zones only where there are some."""
    location = inputs.get("location")
    if inputs.get("zoneRedundant") is True and is_known(location) and not has_zones(str(location)):
        yield "zoneRedundant", f"the region {location} has no availability zones"


_RANGE = Network(8, 29, "Azure, virtual networks: address ranges")

declare(
    NETWORK,
    effect="an environment's subnet is looked up in it",
    not_simulated="addresses inside it; what passes between its subnets",
    id_of=in_group("Microsoft.Network/virtualNetworks", "virtualNetworkName"),
    outputs=lambda world, r: common_outputs(r, "Microsoft.Network/virtualNetworks"),
    limits={"addressSpace.addressPrefixes[]": _RANGE, "subnets[].addressPrefix": _RANGE, "location": REGION},
    combinations=(_inside,),
    forces_new=because(ID, "virtualNetworkName") | IN_GROUP,
)
declare(
    ENVIRONMENT,
    fidelity=Fidelity.SIMULATED,
    effect="has a static address on which its apps are reached",
    not_simulated="what a VNet keeps apart, machines of workload profiles, zones; one app with ingress each",
    rules=(_subnet_rule,),
    id_of=in_group("Microsoft.App/managedEnvironments", "environmentName"),
    create=_create,
    outputs=_outputs,
    limits={
        "environmentName": _AZURE_ENVIRONMENT,
        "location": REGION,
        "appLogsConfiguration.destination": _DESTINATION,
        "workloadProfiles[].workloadProfileType": _PROFILE_TYPE,
    },
    combinations=(_zones,),
    not_known=("the words with which zones are refused in a region that has none",),
    forces_new=because(ID, "environmentName") | IN_GROUP,
    replacement_unknown=("vnetConfiguration", "zoneRedundant"),
)
