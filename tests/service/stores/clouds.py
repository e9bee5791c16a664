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

import pytest

_WHEN = {"http": "Sun, 29 Nov 2026 10:00:00 GMT", "iso": "2026-11-29T10:00:00.000Z"}
KEY = "a2V5"


class _Server(ThreadingHTTPServer):
    objects: dict[str, bytes]
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

    def handle_request(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        address = urlsplit(self.path)
        key, query = unquote(address.path), parse_qs(address.query)
        if self.server.refuses:
            return self.answer(403)
        if self.command == "PUT":
            if key in self.server.objects and self.is_conditional():
                return self.answer(self.exists)
            self.server.objects[key] = body
            return self.answer(201, tag=_tag(body))
        if query:
            below = f"{key}/{query['prefix'][0]}" if "prefix" in query else f"{key}/"
            objects = {k.removeprefix(f"{key}/"): v for k, v in self.server.objects.items() if k.startswith(below)}
            return self.answer(200, self.render_list(objects).encode())
        if key not in self.server.objects:
            return self.answer(404)
        return self.read(self.server.objects[key])

    do_GET = do_PUT = do_HEAD = handle_request

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
    server.objects, server.refuses = {}, False
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
