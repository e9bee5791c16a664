"""One object in a store of any of the three clouds, written only as long as nobody else was faster.

An object is named by the address at which everybody reads it:

    https://BUCKET.s3.REGION.amazonaws.com/KEY
    https://ACCOUNT.blob.core.windows.net/CONTAINER/BLOB
    https://storage.googleapis.com/BUCKET/OBJECT
    dynamodb://REGION/TABLE/KEY                  a lock only; the table's key is the text `id`
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
from botocore.exceptions import ClientError

from failover.levers.clouds import BLOB_SCOPE, Clouds, ask, translate_errors
from service.errors import InvalidInput, Mistake, Refused, Unavailable

ABSENT = ""
_S3 = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.-]+)\.s3[.-](?P<region>[a-z0-9-]+)\.amazonaws\.com")
_BLOB = re.compile(r"[a-z0-9]{3,24}\.blob\.core\.windows\.net")
_GOOGLE = "storage.googleapis.com"
_BLOB_API = "2024-11-04"


class StoredObject(Protocol):
    """An object with a version, `ABSENT` where there is none. A write or delete with an old version raises Refused."""

    def read(self) -> tuple[bytes, str]:
        """Content and version; of an absent one b"" and `ABSENT`."""

    def write(self, content: bytes, version: str) -> None:
        """Replace that version, or make it where `version` is `ABSENT`."""

    def delete(self, version: str) -> None:
        """Delete that version."""


def open_object(url: str, clouds: Clouds) -> StoredObject:
    """The object at this address. Raises InvalidInput for an address of no store that is known."""
    parts = urlsplit(url)
    host, path = parts.netloc.lower(), parts.path.lstrip("/")
    if parts.scheme == "dynamodb" and path.count("/") == 1:
        return DynamoItem(clouds.aws("dynamodb", host), *path.split("/"))
    s3 = _S3.fullmatch(host)
    if parts.scheme == "https" and path:
        if s3:
            return S3Object(clouds.aws("s3", s3["region"]), s3["bucket"], path)
        if _BLOB.fullmatch(host) and "/" in path:
            return HttpObject(partial(clouds.azure, BLOB_SCOPE, f"https://{host}"), host, f"/{path}", AZURE)
        if host == _GOOGLE and "/" in path:
            return HttpObject(partial(clouds.google, f"https://{host}"), host, f"/{path}", GOOGLE)
    forms = "as https://BUCKET.s3.REGION.amazonaws.com/KEY; every form: docs/reference/levers.md"
    raise InvalidInput("an object cannot be reached", [Mistake("address", f"{url!r} is of no known store", forms)])


@dataclass(frozen=True)
class S3Object:
    """By boto3, with S3's conditional writes."""

    client: Any
    bucket: str
    key: str

    def read(self) -> tuple[bytes, str]:
        """Content and ETag."""
        with translate_errors(f"read s3://{self.bucket}/{self.key}"):
            try:
                found = self.client.get_object(Bucket=self.bucket, Key=self.key)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") == "NoSuchKey":
                    return b"", ABSENT
                raise
            return found["Body"].read(), str(found["ETag"])

    def write(self, content: bytes, version: str) -> None:
        """Put it, if it is still that version."""
        condition = {"IfMatch": version} if version else {"IfNoneMatch": "*"}
        with translate_errors(f"write s3://{self.bucket}/{self.key}"):
            self.client.put_object(
                Bucket=self.bucket, Key=self.key, Body=content, ContentType="application/json", **condition
            )

    def delete(self, version: str) -> None:
        """Delete it. S3 has no condition for this in every region, so look right before."""
        if self.read()[1] != version:
            raise Refused(f"s3://{self.bucket}/{self.key} was written again meanwhile", hint="look, then plan anew")
        with translate_errors(f"delete s3://{self.bucket}/{self.key}"):
            self.client.delete_object(Bucket=self.bucket, Key=self.key)


@dataclass(frozen=True)
class DynamoItem:
    """By boto3, with DynamoDB's conditional writes; the version is the content's own."""

    client: Any
    table: str
    key: str

    def read(self) -> tuple[bytes, str]:
        """Content, and itself as the version."""
        with translate_errors(f"read {self._name}"):
            found = self.client.get_item(TableName=self.table, Key=self._id, ConsistentRead=True).get("Item")
        content = str(found["content"]["S"]) if found else ABSENT
        return content.encode(), content

    def write(self, content: bytes, version: str) -> None:
        """Put it, if it is still that version."""
        item = {**self._id, "content": {"S": content.decode()}}
        with translate_errors(f"write {self._name}"):
            self.client.put_item(TableName=self.table, Item=item, **self._only_if(version))

    def delete(self, version: str) -> None:
        """Delete it, if it is still that version."""
        with translate_errors(f"delete {self._name}"):
            self.client.delete_item(TableName=self.table, Key=self._id, **self._only_if(version))

    @property
    def _id(self) -> dict[str, Any]:
        return {"id": {"S": self.key}}

    @property
    def _name(self) -> str:
        return f"item {self.key} of DynamoDB table {self.table}"

    def _only_if(self, version: str) -> dict[str, Any]:
        if not version:
            return {"ConditionExpression": "attribute_not_exists(id)"}
        return {"ConditionExpression": "content = :was", "ExpressionAttributeValues": {":was": {"S": version}}}


@dataclass(frozen=True)
class Dialect:
    """How a store says versions: the header of an answer, and those of a request."""

    version: str
    only_if: str
    only_new: tuple[str, str]
    always: tuple[tuple[str, str], ...] = ()


AZURE = Dialect(
    "etag", "if-match", ("if-none-match", "*"), (("x-ms-version", _BLOB_API), ("x-ms-blob-type", "BlockBlob"))
)
# Cloud Storage caches what everybody may read for an hour, unless the object says otherwise.
_UNCACHED = (("cache-control", "no-store"),)
GOOGLE = Dialect("x-goog-generation", "x-goog-if-generation-match", ("x-goog-if-generation-match", "0"), _UNCACHED)


@dataclass(frozen=True)
class HttpObject:
    """By GET, PUT and DELETE, as Azure Blob Storage and Google Cloud Storage have them; each over its own client."""

    connect: Callable[[], httpx.Client]
    host: str
    path: str
    dialect: Dialect

    def read(self) -> tuple[bytes, str]:
        """Content and version."""
        found = self._ask("GET", "read")
        if found.status_code == 404:
            return b"", ABSENT
        return found.content, found.headers[self.dialect.version]

    def write(self, content: bytes, version: str) -> None:
        """Put it, if it is still that version."""
        condition = (self.dialect.only_if, version) if version else self.dialect.only_new
        if self._ask("PUT", "write", condition, content=content).status_code == 404:
            where = f"{self.host}{self.path}"
            raise Unavailable(f"could not write {where}: there is no such bucket or container", hint="make it first")

    def delete(self, version: str) -> None:
        """Delete it, if it is still that version."""
        self._ask("DELETE", "delete", (self.dialect.only_if, version))

    def _ask(self, method: str, doing: str, *conditions: tuple[str, str], **request: Any) -> httpx.Response:
        headers = dict((*self.dialect.always, *conditions))
        with self.connect() as client:
            return ask(client, method, self.path, f"{doing} {self.host}{self.path}", headers=headers, **request)
