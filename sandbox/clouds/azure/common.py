"""How Azure names things: resource groups, ARM ids, GUIDs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sandbox.clouds.rules import ID, Combination, Mistake, Region, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import SUBSCRIPTION, Values, hex_id, stable_hex
from sandbox.clouds.world import World

GROUP = "azure-native:resources:ResourceGroup"
ARM_LOCATION = "Azure RPC guideline Put-V1-14: the location of a tracked resource is set once"
IN_GROUP = because(ID, "resourceGroupName") | because(ARM_LOCATION, "location")
"""What replaces every resource of a resource group."""
# What azure-native 3.29.0 asks Microsoft.App for by default: the API version that its `app` module is generated from.
_APP_API = "2025-02-02-preview"


# learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-reserved-resource-name: whole names, parts of
# names, and how a name may not begin.
_RESERVED = (
    *("access", "app_browsers", "app_code", "app_data", "app_globalresources", "app_localresources", "app_themes"),
    *("app_webreferences", "azure", "bing", "bizspark", "biztalk", "cortana", "directx", "dotnet", "dynamics", "excel"),
    *("exchange", "forefront", "groove", "hololens", "hyperv", "kinect", "lync", "msdn", "o365", "office", "office365"),
    *("onedrive", "onenote", "outlook", "powerpoint", "sharepoint", "skype", "visio", "visualstudio", "web.config"),
    "xbox",
)
_RESERVED_PARTS, _RESERVED_START = ("microsoft", "windows"), "login"


def unreserved(name_input: str) -> Combination:
    """A rule: the name of what has an address of its own is no reserved word."""

    def check(inputs: Values) -> Iterator[Mistake]:
        """Azure Resource Manager, "Resolve errors for reserved resource names": words that no public name may hold."""
        name = str(inputs.get(name_input) or "").lower()
        part = next((one for one in _RESERVED_PARTS if one in name), None)
        if name in _RESERVED or part or name.startswith(_RESERVED_START):
            word = part or (name if name in _RESERVED else _RESERVED_START)
            yield name_input, f"ReservedResourceName: '{word}' is a trademarked or reserved word of Azure"

    return check


REGION = Region("azure")


def location_of(r: Resource) -> str:
    """Where a resource is: its own location, else its provider's, as Azure compares them."""
    return str(r.inputs.get("location") or r.config.get("location") or "eastus").lower().replace(" ", "")


def subscription_of(r: Resource) -> str:
    """The subscription of a resource: its provider's."""
    return str(r.config.get("subscriptionId") or SUBSCRIPTION)


def guid(*parts: str) -> str:
    """A GUID that depends on `parts` only."""
    digits = stable_hex(*parts)
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"


def in_group(provider: str, name_input: str) -> Callable[[World, Resource], str]:
    """Makes the ARM id of a resource of a group, refused where the group does not exist.

    `provider` may name inputs: `Microsoft.App/managedEnvironments/{environmentName}/certificates`.
    """

    def id_of(world: World, r: Resource) -> str:
        group = r.inputs["resourceGroupName"]
        if world.store.find(GROUP, group) is None:
            raise CloudRefused(f'Code="ResourceGroupNotFound" Message="Resource group \'{group}\' could not be found."')
        parent = provider.format(**r.inputs)
        group_id = f"/subscriptions/{subscription_of(r)}/resourceGroups/{group}"
        return f"{group_id}/providers/{parent}/{own_name(r, name_input)}"

    return id_of


def own_name(r: Resource, name_input: str) -> str:
    """The name that was given, or one with a random end as azure-native makes it."""
    return str(r.inputs.get(name_input) or f"{r.name}{hex_id(8)}")


def tail(r: Resource) -> str:
    """The last part of the id: the resource's name in Azure."""
    return r.id.rpartition("/")[2]


def common_outputs(r: Resource, type_: str) -> Values:
    """What every resource of Azure gives back."""
    return {"name": tail(r), "type": type_, "azureApiVersion": _APP_API}
