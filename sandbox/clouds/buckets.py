"""The object stores of all three clouds as one: where each bucket is read and written, and who may do which.

A switch is written through the clouds' own protocols, and Route 53's checkers read it over HTTPS by the clouds' own
host names; `sandbox.daemon.public_stores` answers them from what is decided here. The objects are those of
`sandbox.clouds.object_store`, each by the name of its bucket and its key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.clouds.retention import days_of, hold_on
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import nested
from sandbox.clouds.world import World

S3_BUCKET, S3_POLICY = "aws:s3/bucket:Bucket", "aws:s3/bucketPolicy:BucketPolicy"
S3_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ACCOUNT, CONTAINER = "azure-native:storage:StorageAccount", "azure-native:storage:BlobContainer"
GCS_BUCKET, GCS_MEMBER = "gcp:storage/bucket:Bucket", "gcp:storage/bucketIAMMember:BucketIAMMember"

# Storage resource provider, Blob Containers, Delete: of a container with an immutability policy.
_IMMUTABLE = 'Code="ContainerProtectedFromDeletion" Message="The container has an immutability policy and holds blobs."'
GCS_HOST, BLOB_HOSTS = "storage.googleapis.com", ".blob.core.windows.net"
PUBLIC_READERS = ("roles/storage.legacyObjectReader", "roles/storage.objectViewer")


@dataclass(frozen=True)
class Bucket:
    """A bucket, or a container as `account/container`: whose it is, and the host and path that serve it.

    `public` are the beginnings of keys that anybody may read.
    """

    cloud: str
    stack: str
    name: str
    host: str
    path: str
    public: tuple[str, ...] = ()

    def may_read(self, key: str) -> bool:
        """Whether an object is readable without credentials."""
        return any(key.startswith(beginning) for beginning in self.public)


def list_buckets(world: World) -> list[Bucket]:
    """Every bucket and container that exists."""
    store = world.store
    found = [_s3(world, one) for one in store.all(S3_BUCKET)]
    found += [_container(world, one) for one in store.all(CONTAINER)]
    return found + [_gcs(world, one) for one in store.all(GCS_BUCKET)]


def find_bucket(buckets: Iterable[Bucket], host: str, path: str) -> tuple[Bucket, str] | None:
    """The bucket that a request to `host` means, and the key of its object; None where there is none."""
    for bucket in buckets:
        if bucket.host == host and path.startswith(bucket.path) and len(path) > len(bucket.path):
            return bucket, path[len(bucket.path) :]
    return None


def _s3(world: World, r: Resource) -> Bucket:
    region = str(r.outputs.get("region"))
    return Bucket("aws", r.stack, r.id, f"{r.id}.s3.{region}.amazonaws.com", "/", tuple(_s3_public(world, r)))


def _s3_public(world: World, r: Resource) -> Iterable[str]:
    """What a policy lets everybody read, unless the bucket blocks such policies."""
    blocks = [one.inputs for one in world.store.all(S3_BLOCK) if one.inputs.get("bucket") == r.id]
    if any(one.get("restrictPublicBuckets") for one in blocks):
        return
    for policy in (one for one in world.store.all(S3_POLICY) if one.inputs.get("bucket") == r.id):
        for statement in _statements(policy.inputs.get("policy")):
            if _lets_everybody_read(statement):
                for resource in _listed(statement.get("Resource")):
                    yield resource.removeprefix(f"arn:aws:s3:::{r.id}/").rstrip("*")


def _statements(policy: Any) -> list[dict[str, Any]]:
    document = json.loads(policy) if isinstance(policy, str) else policy or {}
    return [one for one in document.get("Statement", []) if isinstance(one, dict)]


def lets_service(world: World, bucket: str, service: str, action: str) -> bool:
    """Whether a policy of the bucket of S3 allows a service of AWS this action; conditions are not looked at."""
    policies = [one.inputs.get("policy") for one in world.store.all(S3_POLICY) if one.inputs.get("bucket") == bucket]
    allowed = [s for policy in policies for s in _statements(policy) if s.get("Effect") == "Allow"]
    return any(_is_for(s, service) and action in _listed(s.get("Action")) for s in allowed)


def _is_for(statement: dict[str, Any], service: str) -> bool:
    principal = statement.get("Principal")
    return isinstance(principal, dict) and service in _listed(principal.get("Service"))


def lets_everybody(policy: Any) -> bool:
    """Whether a bucket's policy is public: it allows something to everybody. One that denies is not."""
    return any(map(_is_for_everybody, _statements(policy)))


def _is_for_everybody(statement: dict[str, Any]) -> bool:
    return statement.get("Effect") == "Allow" and statement.get("Principal") in ("*", {"AWS": "*"})


def _lets_everybody_read(statement: dict[str, Any]) -> bool:
    reading = {"s3:GetObject", "s3:*"} & set(_listed(statement.get("Action")))
    return _is_for_everybody(statement) and bool(reading)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def _container(world: World, r: Resource) -> Bucket:
    account_name, name = str(r.inputs["accountName"]), r.id.rpartition("/")[2]
    account = world.store.find(ACCOUNT, account_name)
    allowed = account is not None and bool(account.inputs.get("allowBlobPublicAccess"))
    public = ("",) if allowed and r.inputs.get("publicAccess") in ("Blob", "Container") else ()
    host = f"{account_name}{BLOB_HOSTS}"
    return Bucket("azure", r.stack, f"{account_name}/{name}", host, f"/{name}/", public)


def _gcs(world: World, r: Resource) -> Bucket:
    open_to_all = any(
        one.inputs.get("bucket") == r.id
        and one.inputs.get("member") == "allUsers"
        and one.inputs.get("role") in PUBLIC_READERS
        for one in world.store.all(GCS_MEMBER)
    )
    enforced = nested(r.inputs, "publicAccessPrevention") == "enforced"
    return Bucket("gcp", r.stack, r.id, GCS_HOST, f"/{r.id}/", ("",) if open_to_all and not enforced else ())


def keep_objects(cloud: str, refusal: str = "") -> Callable[[World, Resource], None]:
    """What deleting a bucket does: its objects go with it, or keep it where the program did not allow that."""

    def delete(world: World, r: Resource) -> None:
        names = [r.id, f"{r.inputs.get('accountName')}/{r.id.rpartition('/')[2]}"]
        for bucket in (one for one in list_buckets(world) if one.cloud == cloud and one.name in names):
            # Whatever the program allows: nobody empties what is held.
            if hold := hold_on(world, bucket.name, days_of(world, bucket.name)):
                raise CloudRefused(f"{refusal or _IMMUTABLE}: {bucket.name}", hint=hold)
            if refusal and world.objects.holds(bucket.name) and not r.inputs.get("forceDestroy"):
                raise CloudRefused(f"{refusal}: {bucket.name}", hint="set force_destroy on the bucket")
            world.objects.drop(bucket.name)

    return delete
