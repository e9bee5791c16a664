"""What the stores list: a bucket's objects and their versions, the blobs of a container, a log's entries.

Everything is answered in one page, and nothing but the prefix, the log bucket and a time to begin at is looked at.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from failover.simulator.wire import Reply
from sandbox.clouds.access_routes import logging_folder
from sandbox.clouds.object_store import ObjectStore, tag_of
from sandbox.clouds.retention import days_of, is_held, log_folder
from sandbox.clouds.world import World

_XML = (("Content-Type", "application/xml"),)
_SINCE = re.compile(r'timestamp>="([^"]+)"')
_PROJECT = re.compile(r"projects/([a-z0-9-]+)")
_TRACE = re.compile(r'trace="([^"]+)"')
_RESOURCE = re.compile(r'resource\.type="(\w+)" AND resource\.labels\.(\w+)="([^"]+)"')
_VIEW = re.compile(r"(projects/[^/]+/locations/[^/]+/buckets/[^/]+)(/views/[^/]+)?")


def answer_s3(world: World, objects: ObjectStore, environ: dict[str, Any]) -> Reply | None:
    """S3's reply to a listing, and to a change of what is held; None where neither is asked for."""
    bucket, _, key = str(environ["PATH_INFO"]).lstrip("/").partition("/")
    query = parse_qs(str(environ.get("QUERY_STRING", "")), keep_blank_values=True)
    method = str(environ["REQUEST_METHOD"])
    if method == "GET" and not key and "versions" in query:
        return Reply(200, _list_versions(objects, bucket, query.get("prefix", [""])[0]).encode(), _XML)
    if method == "GET" and not key and "list-type" in query:
        return Reply(200, list_objects(objects, bucket, query.get("prefix", [""])[0]), _XML)
    if method not in ("PUT", "DELETE") or not days_of(world, bucket):
        return None
    there = objects.read(f"{bucket}/{key}") is not None
    if method == "DELETE" and "versionId" in query:
        held = is_held(world, bucket, key)
        return _refuse(403, "AccessDenied", "Access Denied because object protected by object lock.") if held else None
    if there:
        # The real one takes both: a further version, or a marker in front of those that are there.
        return _refuse(501, "NotImplemented", "The sandbox keeps one version of an object: name it to delete it.")
    return None


def _list_versions(objects: ObjectStore, bucket: str, prefix: str) -> str:
    entries = []
    for name in objects.names(bucket):
        key = name.removeprefix(f"{bucket}/")
        if key.startswith(prefix):
            size, version = len(objects.read(name) or b""), hashlib.sha256(name.encode()).hexdigest()[:32]
            about = (
                f"<Key>{escape(key)}</Key><VersionId>{version}</VersionId><IsLatest>true</IsLatest><Size>{size}</Size>"
            )
            entries.append(f"<Version>{about}<LastModified>{_written(objects, name)}</LastModified></Version>")
    head = f"<Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix><IsTruncated>false</IsTruncated>"
    return f"<ListVersionsResult>{head}{''.join(entries)}</ListVersionsResult>"


def list_objects(objects: ObjectStore, bucket: str, prefix: str) -> bytes:
    """The reply to ListObjectsV2, in the words that S3 and Google's XML API share."""
    contents = "".join(
        f"<Contents><Key>{escape(one.key)}</Key><LastModified>{one.written}</LastModified>"
        f"<ETag>{one.tag}</ETag><Size>{one.size}</Size></Contents>"
        for one in _find(objects, bucket, prefix)
    )
    head = f"<Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix><IsTruncated>false</IsTruncated>"
    return f"<ListBucketResult>{head}{contents}</ListBucketResult>".encode()


def list_blobs(objects: ObjectStore, container: str, prefix: str) -> bytes:
    """Blob Storage's reply to List Blobs: `container` is `account/container`."""
    blobs = "".join(
        f"<Blob><Name>{escape(one.key)}</Name><Properties><Last-Modified>{one.written_http}</Last-Modified>"
        f"<Etag>{one.tag}</Etag><Content-Length>{one.size}</Content-Length>"
        "<Content-Type>application/octet-stream</Content-Type></Properties></Blob>"
        for one in _find(objects, container, prefix)
    )
    return f"<EnumerationResults><Blobs>{blobs}</Blobs><NextMarker/></EnumerationResults>".encode()


@dataclass(frozen=True)
class _Found:
    key: str
    size: int
    tag: str
    at: float

    @property
    def written(self) -> str:
        return f"{datetime.datetime.fromtimestamp(self.at, datetime.UTC):%Y-%m-%dT%H:%M:%S.000Z}"

    @property
    def written_http(self) -> str:
        return formatdate(self.at, usegmt=True)


def _find(objects: ObjectStore, bucket: str, prefix: str) -> Iterator[_Found]:
    for name in objects.names(bucket):
        key, content = name.removeprefix(f"{bucket}/"), objects.read(name)
        if key.startswith(prefix) and content is not None:
            yield _Found(key, len(content), tag_of(content), objects.written_at(name) or 0.0)


def list_entries(objects: ObjectStore, body: bytes) -> bytes:
    """Cloud Logging's reply to entries.list, of log buckets, and of a project's own the requests."""
    asked = json.loads(body or b"{}")
    projects = [named for one in asked.get("resourceNames", []) if (named := _PROJECT.fullmatch(str(one)))]
    if projects:
        return json.dumps({"entries": list_requests(objects, projects[0][1], str(asked.get("filter", "")))}).encode()
    since = _SINCE.search(str(asked.get("filter", "")))
    found = [entry for name in asked.get("resourceNames", []) for entry in _entries(objects, str(name))]
    found = [entry for entry in found if since is None or entry["timestamp"] >= since[1]]
    return json.dumps({"entries": sorted(found, key=lambda entry: str(entry["timestamp"]))}).encode()


def list_requests(objects: ObjectStore, project: str, query: str) -> list[dict[str, Any]]:
    """Entries of the logs of requests, the oldest first; of the query language its equations, one of which may be of
    each of several resources, and a time to begin at."""
    since, trace = _SINCE.search(query), _TRACE.search(query)
    wanted = _RESOURCE.findall(query)
    found = []
    for name in objects.names(logging_folder(project)):
        for line in objects.whole_lines(name):
            entry = json.loads(line)
            if _is_of(entry["resource"], wanted) and (trace is None or entry["trace"] == trace[1]):
                found.append(entry)
    found = [entry for entry in found if since is None or _read_time(entry["timestamp"]) >= _read_time(since[1])]
    return sorted(found, key=lambda entry: str(entry["timestamp"]))


def _is_of(resource: dict[str, Any], wanted: list[tuple[str, str, str]]) -> bool:
    return any(resource["type"] == type_ and resource["labels"].get(name) == value for type_, name, value in wanted)


def _read_time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def _entries(objects: ObjectStore, view: str) -> Iterator[dict[str, Any]]:
    named = _VIEW.fullmatch(view)
    for name in objects.names(log_folder(named[1])) if named else ():
        for line in (objects.read(name) or b"").splitlines():
            yield json.loads(line)


def _written(objects: ObjectStore, name: str) -> str:
    at = datetime.datetime.fromtimestamp(objects.written_at(name) or 0.0, datetime.UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S.000Z}"


def _refuse(status: int, code: str, message: str) -> Reply:
    return Reply(status, f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode(), _XML)
