"""Container Apps environments: the static address that apps are reached at."""

from __future__ import annotations

from sandbox.clouds.azure.common import IN_GROUP, REGION, common_outputs, in_group, location_of, subscription_of, tail
from sandbox.clouds.azure.identity import identity_outputs
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import ID, OneOf, Text, because
from sandbox.clouds.store import Resource
from sandbox.clouds.values import SUBSCRIPTION, Values, stable_hex
from sandbox.clouds.world import World

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


declare(
    ENVIRONMENT,
    fidelity=Fidelity.SIMULATED,
    effect="has a static address on which its apps are reached",
    not_simulated="VNets, the machines of workload profiles, zone redundancy; one app with ingress per environment",
    id_of=in_group("Microsoft.App/managedEnvironments", "environmentName"),
    create=_create,
    outputs=_outputs,
    limits={
        "environmentName": _AZURE_ENVIRONMENT,
        "location": REGION,
        "appLogsConfiguration.destination": _DESTINATION,
        "workloadProfiles[].workloadProfileType": _PROFILE_TYPE,
    },
    forces_new=because(ID, "environmentName") | IN_GROUP,
    replacement_unknown=("vnetConfiguration", "zoneRedundant"),
)
