"""What Azure ML refuses of a command job: at the call, or as the error of its run.

Sources: pulumi-azure-native's CommandJob for members and enumerations; MicrosoftDocs/azure-docs, issue 122250, for the
words about a name that is taken; Azure ML's pages on errors of data access for the codes
(`ScriptExecution.StreamAccess.…`) and on serverless jobs for the identity, which has to be attached to the workspace.
The other sentences are assumptions, of which `jobs.reasons` reads no more than what all of their kind have in common.
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.clouds.azure.identity import ACR_PULL, IDENTITY, assigned, has_role
from sandbox.clouds.azure.registry import find_registry
from sandbox.clouds.azure.workspaces import ML_WORKSPACE
from sandbox.clouds.buckets import CONTAINER
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import nested
from sandbox.clouds.world import World
from sandbox.training.files import list_keys
from sandbox.training.order import Mount, Record
from sandbox.training.surroundings import Verdict

# learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage
READ_BLOBS = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
WRITE_BLOBS = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
CHANGEABLE = ("description", "tags", "displayName", "properties", "isArchived")
_VM = re.compile(r"Standard_[A-Z]+\d+[a-z]*(_v\d+)?", re.IGNORECASE)
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}")


def refuse(world: World, name: str, properties: dict[str, Any]) -> None:
    """Raise CloudRefused with the API's own code for a job that cannot be made."""
    kind = properties.get("jobType")
    if kind != "Command":
        raise CloudRefused(f"UserError: the sandbox runs jobs of type Command, not {kind}")
    if not _NAME.fullmatch(name):
        raise CloudRefused(f"ValidationError: Invalid job name '{name}'.")
    missing = [key for key in ("command", "environmentId") if not properties.get(key)]
    if missing:
        raise CloudRefused(f"ValidationError: {', '.join(missing)}: Required property not found in JSON.")
    machine = str(nested(properties, "resources", "instanceType") or "")
    if not _VM.fullmatch(machine):
        raise CloudRefused(f"UserError: The VM size '{machine}' is not supported for serverless jobs in this region.")
    if environment := _lost_environment(world, properties):
        raise CloudRefused(f"UserError: Environment {environment} not found.")


def _lost_environment(world: World, properties: dict[str, Any]) -> str:
    """The workspace of an environment that is not there; versions of one are kept with the jobs' service."""
    workspace = str(properties["environmentId"]).partition("/environments/")[0]
    return "" if world.store.get(ML_WORKSPACE, workspace) else str(properties["environmentId"])


def refuse_change(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Raise CloudRefused where a PUT on a job that is there changes what cannot be changed."""
    keys = {*before, *after} - set(CHANGEABLE)
    changed = sorted(key for key in keys if before.get(key) != after.get(key))
    if changed:
        named = ", ".join(key[0].upper() + key[1:] for key in changed)
        raise CloudRefused(
            "UserError: A job with this name already exists. If you are trying to create a new job, use a different "
            f"name. If you are trying to update an existing job, the existing job's {named} cannot be changed. Only "
            "description, tags, displayName, properties, and isArchived can be updated."
        )


def judge(world: World, record: Record) -> Verdict:
    """What becomes of a job that has got its machine: image and data are had as its identity."""
    workspace = world.store.get(ML_WORKSPACE, str(record.request["workspace"]))
    named = str(nested(record.request, "properties", "identity", "resourceId") or "")
    identity = world.store.find(IDENTITY, named)
    if workspace is None or identity is None or named.lower() not in assigned(workspace):
        return Verdict(f"UserError: The identity {named or '(none)'} is not assigned to the workspace.")
    if failed := _pull(world, record.order.image, identity):
        return Verdict(failed)
    failures = (_mount(world, mount, identity) for mount in record.order.mounts)
    return Verdict(next(filter(None, failures), ""))


def _pull(world: World, image: str, identity: Resource) -> str:
    registry = find_registry(world, image.partition("/")[0])
    if registry and has_role(world, identity, ACR_PULL, registry.id) and world.images.digest_of(image):
        return ""
    return (
        f"ImagePullFailure: Failed to pull Docker image {image}. This error may occur because the compute could not "
        "authenticate with the Docker registry to pull the image, or because the image was not found."
    )


def _mount(world: World, mount: Mount, identity: Resource) -> str:
    account, _, name = mount.bucket.partition("/")
    found = [one for one in world.store.all(CONTAINER) if _is_container(one, account, name)]
    place = f"https://{account}.blob.core.windows.net/{name}/{mount.key}"
    if not found:
        return f"UserError: ScriptExecution.StreamAccess.NotFound: The requested stream was not found: {place}"
    writes = has_role(world, identity, WRITE_BLOBS, found[0].id)
    if not writes and (mount.saved or not has_role(world, identity, READ_BLOBS, found[0].id)):
        code = "WriteStreams.Authentication" if mount.saved else "StreamAccess.Authentication"
        return (
            f"UserError: ScriptExecution.{code}: AuthorizationPermissionMismatch: This request is not authorized to "
            f"perform this operation using this permission: {place}"
        )
    if not mount.saved and not list_keys(world.objects, mount):
        return f"UserError: ScriptExecution.StreamAccess.NotFound: The requested stream was not found: {place}"
    return ""


def _is_container(one: Resource, account: str, name: str) -> bool:
    return one.inputs.get("accountName") == account and one.id.rpartition("/")[2] == name
