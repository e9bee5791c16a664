"""Azure Blob Storage and Google Cloud Storage on the loopback: as much of their protocols as a store speaks.

They check what the clouds check, and say no as those do: a condition that fails, an object that is not there, somebody
who may not. What the real ones do beyond that is not shown here.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree

import pytest

_WHEN = {"http": "Sun, 29 Nov 2026 10:00:00 GMT", "iso": "2026-11-29T10:00:00.000Z"}
KEY = "a2V5"
_Query = dict[str, list[str]]


class _Server(ThreadingHTTPServer):
    objects: dict[str, bytes]
    parts: dict[tuple[str, str], bytes]
    largest: int
    refuses: bool


class _Cloud(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    exists = 412

    def is_conditional(self) -> bool:
        """Whether a PUT is to fail where the object exists."""
        raise NotImplementedError

    def render_list(self, found: dict[str, bytes]) -> str:
        """The answer to a list."""
        raise NotImplementedError

    def is_part(self, query: _Query) -> bool:
        """Whether a request begins an upload in parts, or brings one."""
        raise NotImplementedError

    def take_part(self, key: str, query: _Query, body: bytes) -> None:
        """Keep a part: no object is there yet."""
        raise NotImplementedError

    def join_parts(self, key: str, query: _Query, body: bytes) -> bytes:
        """The object that a request writes: its body, or the parts that its body names."""
        raise NotImplementedError

    def render_written(self, key: str) -> bytes:
        """The answer to a write."""
        return b""

    def handle_request(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        address = urlsplit(self.path)
        key, query = unquote(address.path), parse_qs(address.query, keep_blank_values=True)
        self.server.largest = max(self.server.largest, len(body))
        if self.server.refuses:
            return self.answer(403)
        if self.is_part(query):
            return self.take_part(key, query, body)
        if self.command in ("PUT", "POST"):
            whole = self.join_parts(key, query, body)
            if key in self.server.objects and self.is_conditional():
                return self.answer(self.exists)
            self.server.objects[key] = whole
            return self.answer(201, self.render_written(key), tag=_tag(whole))
        if query:
            below = f"{key}/{query['prefix'][0]}" if "prefix" in query else f"{key}/"
            objects = {k.removeprefix(f"{key}/"): v for k, v in self.server.objects.items() if k.startswith(below)}
            return self.answer(200, self.render_list(objects).encode())
        if key not in self.server.objects:
            return self.answer(404)
        return self.read(self.server.objects[key])

    do_GET = do_PUT = do_POST = do_HEAD = handle_request

    def read(self, content: bytes) -> None:
        tag = _tag(content)
        if self.headers.get("if-match", tag) != tag:
            return self.answer(412)
        asked = self.headers.get("range")
        if not asked:
            return self.answer(200, content, tag=tag)
        first, last = map(int, asked.removeprefix("bytes=").split("-"))
        part = content[first : last + 1]
        return self.answer(206, part, tag=tag, span=f"bytes {first}-{first + len(part) - 1}/{len(content)}")

    def answer(self, status: int, body: bytes = b"", *, tag: str = "", span: str = "") -> None:
        self.send_response(status)
        headers = {"content-length": str(len(body)), "last-modified": _WHEN["http"], "etag": tag, "content-range": span}
        for name, value in headers.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Azure(_Cloud):
    exists = 409

    def is_conditional(self) -> bool:
        return self.headers.get("if-none-match") == "*"

    def is_part(self, query: _Query) -> bool:
        return query.get("comp") == ["block"]

    def take_part(self, key: str, query: _Query, body: bytes) -> None:
        self.server.parts[key, query["blockid"][0]] = body
        self.answer(201)

    def join_parts(self, key: str, query: _Query, body: bytes) -> bytes:
        if query.get("comp") != ["blocklist"]:
            return body
        return b"".join(self.server.parts.pop((key, str(block.text))) for block in ElementTree.fromstring(body))

    def render_list(self, found: dict[str, bytes]) -> str:
        blobs = "".join(
            f"<Blob><Name>{key}</Name><Properties><Last-Modified>{_WHEN['http']}</Last-Modified>"
            f"<Content-Length>{len(content)}</Content-Length><Content-Type>text/csv</Content-Type><Etag>{_tag(content)}</Etag></Properties></Blob>"
            for key, content in found.items()
        )
        return f"<EnumerationResults><Blobs>{blobs}</Blobs><NextMarker /></EnumerationResults>"


class _Google(_Cloud):
    def is_conditional(self) -> bool:
        return self.headers.get("x-goog-if-generation-match") == "0"

    def is_part(self, query: _Query) -> bool:
        return "uploads" in query or "partNumber" in query

    def take_part(self, key: str, query: _Query, body: bytes) -> None:
        if "uploads" in query:
            told = "<UploadId>one</UploadId>"
            return self.answer(200, f"<InitiateMultipartUploadResult>{told}</InitiateMultipartUploadResult>".encode())
        self.server.parts[key, query["partNumber"][0]] = body
        return self.answer(200, tag=_tag(body))

    def join_parts(self, key: str, query: _Query, body: bytes) -> bytes:
        if "uploadId" not in query:
            return body
        numbers = [str(number.text) for number in ElementTree.fromstring(body).iterfind("{*}Part/{*}PartNumber")]
        return b"".join(self.server.parts.pop((key, number)) for number in numbers)

    def render_written(self, key: str) -> bytes:
        tag = _tag(self.server.objects[key])
        return f"<CompleteMultipartUploadResult><ETag>{tag}</ETag></CompleteMultipartUploadResult>".encode()

    def render_list(self, found: dict[str, bytes]) -> str:
        contents = "".join(
            f"<Contents><Key>{key}</Key><Size>{len(content)}</Size><LastModified>{_WHEN['iso']}</LastModified>"
            f"<ETag>{_tag(content)}</ETag></Contents>"
            for key, content in found.items()
        )
        return f"<ListBucketResult>{contents}</ListBucketResult>"


def _tag(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'


@contextmanager
def start_cloud(scheme: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, _Server]]:
    """The address of an empty bucket (`az` or `gs`), found by the environment; and the server, which can refuse."""
    server = _Server(("127.0.0.1", 0), _Azure if scheme == "az" else _Google)
    server.objects, server.parts, server.largest, server.refuses = {}, {}, 0, False
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    account = {"gcs_base_url": url, "disable_oauth": True, "client_email": "", "private_key": "", "private_key_id": ""}
    variables = {
        "az": {"AZURE_ENDPOINT": url, "AZURE_STORAGE_ACCOUNT_KEY": KEY, "AZURE_ALLOW_HTTP": "true"},
        "gs": {"GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(account), "GOOGLE_ALLOW_HTTP": "true"},
    }
    for name, value in variables[scheme].items():
        monkeypatch.setenv(name, value)
    try:
        yield "az://account/box" if scheme == "az" else "gs://bucket", server
    finally:
        server.shutdown()
        server.server_close()
