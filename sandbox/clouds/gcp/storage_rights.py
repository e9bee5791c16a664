"""What a service account may do with the objects of a bucket: by the members of the bucket, and their conditions.

Roles: cloud.google.com/storage/docs/access-control/iam-roles, as far as they are about objects. A condition is read
where it is of `resource.name.startsWith("…")` joined by `||`; any other lets nobody in: none is taken for granted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sandbox.clouds.buckets import GCS_MEMBER
from sandbox.clouds.store import Resource
from sandbox.clouds.world import World

_GET, _LIST, _CREATE = "storage.objects.get", "storage.objects.list", "storage.objects.create"
_ROLES: Mapping[str, frozenset[str]] = {
    "roles/storage.objectViewer": frozenset({_GET, _LIST}),
    "roles/storage.objectCreator": frozenset({_CREATE}),
    "roles/storage.objectUser": frozenset({_GET, _LIST, _CREATE}),
    "roles/storage.objectAdmin": frozenset({_GET, _LIST, _CREATE}),
    "roles/storage.admin": frozenset({_GET, _LIST, _CREATE}),
    "roles/storage.legacyObjectReader": frozenset({_GET}),
}
_BEGINS = re.compile(r'resource\.name\.startsWith\("([^"]*)"\)')


def may_read(world: World, account: str, bucket: str, key: str) -> bool:
    """Whether it may list what is below a key and get it, as a mount of the bucket does."""
    return all(_may(world, account, permission, bucket, key) for permission in (_GET, _LIST))


def may_write(world: World, account: str, bucket: str, key: str) -> bool:
    """Whether it may make objects below a key."""
    return _may(world, account, _CREATE, bucket, key)


def _may(world: World, account: str, permission: str, bucket: str, key: str) -> bool:
    name = f"projects/_/buckets/{bucket}/objects/{key}"
    return any(
        one.inputs.get("bucket") == bucket
        and one.inputs.get("member") == f"serviceAccount:{account}"
        and permission in _ROLES.get(str(one.inputs.get("role")), ())
        and _holds(one, name)
        for one in world.store.all(GCS_MEMBER)
    )


def _holds(member: Resource, name: str) -> bool:
    """Whether a member's condition lets an object of that name through; without one it does."""
    condition = member.inputs.get("condition")
    if not condition:
        return True
    parts = [part.strip() for part in str(condition.get("expression", "")).split("||")]
    found = [_BEGINS.fullmatch(part) for part in parts]
    return all(found) and any(name.startswith(one[1]) for one in found if one)
