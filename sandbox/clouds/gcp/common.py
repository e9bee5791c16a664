"""How Google Cloud names things, and that nothing is made before its API is enabled."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.clouds.accounts import project_number
from sandbox.clouds.rules import OneOf, Region, Text
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import PROJECT, Values, hex_id, stable_hex
from sandbox.clouds.world import World
from sandbox.engine.outputs import output_names

API = "gcp:projects/service:Service"
PROVIDER = "hashicorp/terraform-provider-google, which pulumi-gcp wraps: ForceNew in google/services"
MADE_AT = "2026-01-01T00:00:00Z"
_COMPUTE = "https://www.googleapis.com/compute/v1/"


REGION = Region("gcp")
DELETION = OneOf(("DELETE", "PREVENT", "ABANDON"), "pulumi-gcp, deletion_policy")
HOST_NAME = Text(
    253, r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}", "RFC 1123, as Certificate Manager asks"
)


def project_of(r: Resource) -> str:
    """The project of a resource: its own, else its provider's."""
    return str(r.inputs.get("project") or r.config.get("project") or PROJECT)


def place_of(r: Resource) -> str:
    """The location or region of a resource: its own, else its provider's."""
    return str(r.inputs.get("location") or r.inputs.get("region") or r.config.get("region") or "us-central1")


def own_name(r: Resource, name_input: str = "name") -> str:
    """The name that was given, or one with a random end."""
    return str(r.inputs.get(name_input) or f"{r.name}-{hex_id(7)}")


def tail(r: Resource) -> str:
    """The last part of the id: the resource's name in Google Cloud."""
    return r.id.rpartition("/")[2]


def is_named(r: Resource, reference: object) -> bool:
    """Whether `reference`, a name or a path that ends in one, means `r`."""
    return str(reference).rpartition("/")[2] == tail(r)


def global_id(collection: str) -> Callable[[World, Resource], str]:
    """Makes ids such as `projects/p/global/urlMaps/name`."""
    return lambda world, r: f"projects/{project_of(r)}/global/{collection}/{own_name(r)}"


def regional_id(collection: str) -> Callable[[World, Resource], str]:
    """Makes ids such as `projects/p/regions/us-central1/networkEndpointGroups/name`."""
    return lambda world, r: f"projects/{project_of(r)}/regions/{place_of(r)}/{collection}/{own_name(r)}"


def located_id(collection: str, name_input: str = "name", place: str | None = None) -> Callable[[World, Resource], str]:
    """Makes ids such as `projects/p/locations/us-central1/services/name`."""

    def id_of(world: World, r: Resource) -> str:
        return f"projects/{project_of(r)}/locations/{place or place_of(r)}/{collection}/{own_name(r, name_input)}"

    return id_of


def compute_outputs(world: World, r: Resource) -> Values:
    """What every compute resource gives back, as far as its type has it."""
    found = {
        "name": tail(r),
        "selfLink": _COMPUTE + r.id,
        "project": project_of(r),
        "creationTimestamp": "2026-01-01T00:00:00.000-00:00",
        "fingerprint": stable_hex(r.id, length=12),
        "generatedId": int(stable_hex(r.id, length=8), 16),
    }
    return {name: value for name, value in found.items() if name in output_names(r.type)}


def is_enabled(world: World, project: str, api: str) -> bool:
    """Whether the project has that API on: beforehand, or by a stack."""
    return api in world.accounts.apis_of(project) or world.store.get(API, f"{project}/{api}") is not None


def needs_api(name: str) -> Callable[[World, Resource], None]:
    """A rule: the project may do this once `<name>.googleapis.com` is enabled in it, and not before."""
    api = f"{name}.googleapis.com"

    def rule(world: World, r: Resource) -> None:
        project = project_of(r)
        if not is_enabled(world, project, api):
            number = project_number(project)
            raise CloudRefused(
                f"Error 403: {api} has not been used in project {number} before or it is disabled. Enable it by "
                f"visiting https://console.developers.google.com/apis/api/{api}/overview?project={number} then retry. "
                "If you enabled this API recently, wait a few minutes for the action to propagate to our systems and "
                "retry., accessNotConfigured",
                hint=f"enable it with gcp.projects.Service(service={api!r}) and depend on that",
            )

    rule.__doc__ = f"`{api}` is enabled in the project: Google Cloud APIs, error 403 accessNotConfigured."
    return rule
