"""The object stores of Azure and Google Cloud as whoever has credentials writes them; S3 has an API of its own.

A request comes to the control interface with the store's host before its path, since one address stands for all APIs of
a vendor there: `PUT /exampleswitches.blob.core.windows.net/flags/aws.drain`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sandbox.clouds.buckets import BLOB_HOSTS, GCS_HOST, find_bucket, list_buckets
from sandbox.clouds.object_reading import read_part
from sandbox.clouds.object_store import ObjectStore
from sandbox.clouds.retention import LOGGING_HOST, is_held
from sandbox.clouds.world import World
from sandbox.daemon.listed_stores import list_blobs, list_entries, list_objects
from sandbox.daemon.public_stores import IsDark

_NO_QUERY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class StoreReply:
    """What a store answers."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class PrivateStores:
    """Answers for every container and bucket but S3's."""

    def __init__(self, world: World, objects: ObjectStore, is_dark: IsDark) -> None:
        self._world, self._objects, self._is_dark = world, objects, is_dark

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, str] = _NO_QUERY
    ) -> StoreReply | None:
        """The reply to one request; None where its path begins with no store's host."""
        host, _, rest = path.lstrip("/").partition("/")
        if host == LOGGING_HOST and rest == "v2/entries:list":
            return StoreReply(504) if self._is_dark("gcp") else StoreReply(200, list_entries(self._objects, body))
        if host.endswith(BLOB_HOSTS) and query.get("comp") == "list":
            container = f"{host.removesuffix(BLOB_HOSTS)}/{rest.strip('/')}"
            return self._list("azure", container, query.get("prefix", ""))
        if host == GCS_HOST and "list-type" in query:
            return self._list("gcp", rest.strip("/"), query.get("prefix", ""))
        if host != GCS_HOST and not host.endswith(BLOB_HOSTS):
            return None
        found = find_bucket(list_buckets(self._world), host, f"/{rest}")
        if found is None:
            return StoreReply(404)
        bucket, key = found
        if self._is_dark(bucket.cloud):
            return StoreReply(504)
        name = f"{bucket.name}/{key}"
        if method in ("PUT", "DELETE") and is_held(self._world, bucket.name, key):
            # Blob Storage, error codes: of an immutability policy.
            told = (
                b"<Error><Code>BlobImmutableDueToPolicy</Code><Message>This operation is not permitted as the blob is "
            )
            return StoreReply(409, told + b"immutable due to a policy.</Message></Error>")
        return self._read(name, headers) if method in ("GET", "HEAD") else self._change(method, name, headers, body)

    def _list(self, cloud: str, name: str, prefix: str) -> StoreReply:
        if not any((bucket.cloud, bucket.name) == (cloud, name) for bucket in list_buckets(self._world)):
            return StoreReply(404)
        if self._is_dark(cloud):
            return StoreReply(504)
        lister = list_blobs if cloud == "azure" else list_objects
        return StoreReply(200, lister(self._objects, name, prefix), {"content-type": "application/xml"})

    def _read(self, name: str, headers: Mapping[str, str]) -> StoreReply:
        content = self._objects.read(name)
        if content is None:
            return StoreReply(404)
        versions = _versions(content)
        part = read_part(content, self._objects.written_at(name) or 0.0, versions["etag"], headers)
        return StoreReply(part.status, part.body, {**versions, **part.headers})

    def _change(self, method: str, name: str, headers: Mapping[str, str], body: bytes) -> StoreReply:
        if method not in ("PUT", "DELETE"):
            return StoreReply(405)
        content = body if method == "PUT" else None
        if not self._objects.change(name, content, lambda there: _holds(there, headers)):
            # Blob Storage, error codes: a blob that exists where none may is a conflict, BlobAlreadyExists.
            return StoreReply(409 if headers.get("if-none-match") == "*" else 412)
        return StoreReply(204 if content is None else 201, b"", _versions(content or b""))


def _versions(content: bytes) -> dict[str, str]:
    """Azure's ETag and Google's generation, which is a number."""
    digest = hashlib.sha256(content).hexdigest()
    return {"etag": f'"0x{digest[:15].upper()}"', "x-goog-generation": str(int(digest[:12], 16) + 1)}


def _holds(there: bytes | None, headers: Mapping[str, str]) -> bool:
    """Whether the conditions of a request hold, in either vendor's words."""
    if headers.get("if-none-match") == "*" or headers.get("x-goog-if-generation-match") == "0":
        return there is None
    asked = {"etag": headers.get("if-match"), "x-goog-generation": headers.get("x-goog-if-generation-match")}
    known = _versions(there) if there is not None else {}
    return all(wanted is None or wanted == known.get(name) for name, wanted in asked.items())
