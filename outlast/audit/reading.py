"""Reads the lines of a write-once store through its own cloud's API, whatever form its carrier gave them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import orjson

from failover.levers.clouds import BLOB_SCOPE, Clouds, ask, ask_for, translate_errors
from infra.audit import AWS_PREFIX, AZURE_CONTAINER, AuditStore
from service.errors import Unavailable

_BLOB_API = {"x-ms-version": "2024-11-04"}
_LOGGING = "https://logging.googleapis.com"
_PAGE = 1000


def read_lines(store: AuditStore, clouds: Clouds) -> Iterator[bytes]:
    """Every line that was carried to the store, in the order of its objects. Raises Unavailable."""
    readers = {"aws": _read_s3, "azure": _read_blobs, "gcp": _read_log_bucket}
    return readers[store.cloud](store, clouds)


def _read_s3(store: AuditStore, clouds: Clouds) -> Iterator[bytes]:
    """Every version: whoever deletes an object under Object Lock only hides it from a plain listing."""
    client = clouds.aws("s3", store.region)
    doing = f"read s3://{store.store}/{AWS_PREFIX}"
    with translate_errors(doing):
        for page in client.get_paginator("list_object_versions").paginate(Bucket=store.store, Prefix=AWS_PREFIX):
            for one in page.get("Versions", []):
                found = client.get_object(Bucket=store.store, Key=one["Key"], VersionId=one["VersionId"])
                yield from found["Body"].read().splitlines(keepends=True)


def _read_blobs(store: AuditStore, clouds: Clouds) -> Iterator[bytes]:
    host = f"{store.store}.blob.core.windows.net"
    connect = partial(clouds.azure, BLOB_SCOPE, f"https://{host}")
    with connect() as client:
        for name in _list_blobs(client, host):
            path = f"/{AZURE_CONTAINER}/{quote(name, safe='/=')}"
            found = ask(client, "GET", path, f"read {host}{path}", headers=_BLOB_API)
            yield from map(_printed, found.content.splitlines(keepends=True))


def _list_blobs(client: Any, host: str) -> Iterator[str]:
    asked = {"restype": "container", "comp": "list"}
    while True:
        doing = f"list the blobs of {host}/{AZURE_CONTAINER}"
        found = ask(client, "GET", f"/{AZURE_CONTAINER}", doing, headers=_BLOB_API, params=asked)
        if found.status_code == 404:
            raise Unavailable(f"could not {doing}: there is no such container", hint="is its base stack up?")
        listing = ElementTree.fromstring(found.content)
        yield from (name.text or "" for name in listing.iter("Name"))
        marker = listing.findtext("NextMarker")
        if not marker:
            return
        asked["marker"] = marker


def _printed(line: bytes) -> bytes:
    """What a container printed, from the line that a diagnostic setting makes of it.

    The page of the category names the column `Log`. Whether `properties` is a map or the text of one, and whether a
    line that is JSON stays a text in it, is not written there: each is read.
    """
    try:
        document = orjson.loads(line)
        properties = document.get("properties", document)
        properties = orjson.loads(properties) if isinstance(properties, str) else properties
        printed = properties.get("Log", properties.get("log", ""))
    except (ValueError, AttributeError):
        return line
    return (printed.encode() if isinstance(printed, str) else orjson.dumps(printed)) + b"\n"


def _read_log_bucket(store: AuditStore, clouds: Clouds) -> Iterator[bytes]:
    asked: dict[str, Any] = {
        "resourceNames": [f"{store.store}/views/_AllLogs"],
        "filter": "jsonPayload.chain:*",
        "orderBy": "timestamp asc",
        "pageSize": _PAGE,
    }
    with clouds.google(_LOGGING) as client:
        while True:
            found = ask_for(client, "POST", "/v2/entries:list", f"read {store.store}", json=asked)
            for entry in found.get("entries", []):
                yield orjson.dumps(entry.get("jsonPayload", {})) + b"\n"
            if not found.get("nextPageToken"):
                return
            asked["pageToken"] = found["nextPageToken"]
