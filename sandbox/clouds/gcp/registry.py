"""Artifact Registry: repositories that images are pushed to with the deployer's own token."""

from __future__ import annotations

from sandbox.clouds.accounts import project_number
from sandbox.clouds.gcp.common import DELETION, MADE_AT, located_id, needs_api, place_of, project_of, tail
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import ID, OneOf, Range, Region, Text, because
from sandbox.clouds.store import Resource
from sandbox.clouds.values import PROJECT, Values, nested, stable_hex
from sandbox.clouds.world import World

REPOSITORY = "gcp:artifactregistry/repository:Repository"
# With an access token as its password: cloud.google.com/artifact-registry/docs/docker/authentication
TOKEN_USER = "oauth2accesstoken"


def access_token() -> str:
    """What getClientConfig hands out; Artifact Registry takes it as the password of `TOKEN_USER`."""
    return "ya29." + stable_hex("gcp-token", PROJECT, length=60)


def client_config(world: World, args: Values, config: Values) -> Values:
    """What `getClientConfig` gives."""
    project = str(config.get("project") or PROJECT)
    return {
        "accessToken": access_token(),
        "project": project,
        "region": config.get("region", ""),
        "zone": config.get("zone", ""),
        "defaultLabels": {},
        "id": project,
    }


def project_facts(world: World, args: Values, config: Values) -> Values:
    """What `getProject` gives."""
    project = str(args.get("projectId") or config.get("project") or PROJECT)
    return {"projectId": project, "number": project_number(project), "name": project, "id": f"projects/{project}"}


def why_not_push(world: World, address: str, repository: str, login: tuple[str, str] | None) -> str | None:
    """Why a push to `<location>-docker.pkg.dev/<project>/<repository>/<image>` is refused, or None.

    `login` None is a docker client that is logged in.
    """
    if not any(_holds(r, address, repository) for r in world.store.all(REPOSITORY)):
        name = repository.split("/")[1] if "/" in repository else repository
        return f'name unknown: Repository "{name}" not found'
    return None if login in (None, (TOKEN_USER, access_token())) else "unauthorized: authentication failed"


def why_not_retag(world: World, address: str, repository: str, tag: str) -> str | None:
    """Why a tag that is there is not pushed again, or None: cloud.google.com/artifact-registry/docs/docker/troubleshoot
    (push).
    """
    holder = next((r for r in world.store.all(REPOSITORY) if _holds(r, address, repository)), None)
    immutable = holder is not None and nested(holder.inputs, "dockerConfig", "immutableTags")
    told = f"manifest invalid: cannot update tag {tag}. The repository has enabled tag immutability"
    return told if immutable else None


def _holds(r: Resource, address: str, repository: str) -> bool:
    return address == _host(r) and repository.startswith(f"{project_of(r)}/{tail(r)}/")


def _host(r: Resource) -> str:
    return f"{place_of(r)}-docker.pkg.dev"


def _outputs(world: World, r: Resource) -> Values:
    return {
        "name": tail(r),
        "project": project_of(r),
        "location": place_of(r),
        "createTime": MADE_AT,
        "updateTime": MADE_AT,
        "registryUri": f"{_host(r)}/{project_of(r)}/{tail(r)}",
    }


def _delete(world: World, r: Resource) -> None:
    world.images.drop(r.outputs["registryUri"])


# cloud.google.com/artifact-registry/docs/repositories/create-repos: lowercase letters, numbers, hyphens.
_REPOSITORY = Text(63, r"[a-z]([a-z0-9-]*[a-z0-9])?", "Artifact Registry, repository names")
# cloud.google.com/artifact-registry/docs/supported-formats.
_FORMAT = OneOf(
    ("DOCKER", "MAVEN", "NPM", "PYTHON", "APT", "YUM", "GO", "KFP", "GENERIC", "GOOGET", "RUBY"),
    "Artifact Registry, supported formats",
)
_CLEANUP = OneOf(("DELETE", "KEEP"), "pulumi-gcp, RepositoryCleanupPolicyArgs.action")
_AGE = Text(20, r"\d+[sd]", "Artifact Registry, cleanup policies: a duration in seconds or days")
_COUNT = Range(1, 2**31 - 1, "Artifact Registry API, CleanupPolicyMostRecentVersions.keepCount")
_PLACE = Region("gcp", ("us", "europe", "asia"))


declare(
    REPOSITORY,
    fidelity=Fidelity.SIMULATED,
    limits={
        "repositoryId": _REPOSITORY,
        "format": _FORMAT,
        "location": _PLACE,
        "deletionPolicy": DELETION,
        "cleanupPolicies[].action": _CLEANUP,
        "cleanupPolicies[].condition.olderThan": _AGE,
        "cleanupPolicies[].mostRecentVersions.keepCount": _COUNT,
    },
    effect="images can be pushed to it and pulled from it; of an immutable one no tag is pushed twice",
    not_simulated="cleanup policies, which Google follows within a day; scanning",
    rules=(needs_api("artifactregistry"),),
    id_of=located_id("repositories", "repositoryId"),
    outputs=_outputs,
    delete=_delete,
    forces_new=because(ID, "repositoryId", "location", "project"),
    replacement_unknown=("format", "mode", "kmsKeyName"),
)
