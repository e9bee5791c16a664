"""HTTPS at the host names of the object stores, as everybody without credentials meets them: Route 53's checkers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import Any

from infra.settings.regions import regions_of
from sandbox.clouds.buckets import BLOB_HOSTS, GCS_HOST, Bucket, find_bucket, list_buckets
from sandbox.clouds.object_store import ObjectStore
from sandbox.clouds.world import World
from sandbox.daemon.https_server import HttpsServer
from sandbox.network.certificates import KeyPair

IsDark = Callable[[str], bool]
"""Whether a cloud (`aws`, `azure`, `gcp`) answers nobody."""


def certificate_hosts() -> list[str]:
    """The names that the stores' certificate is for."""
    return [
        GCS_HOST,
        f"*{BLOB_HOSTS}",
        *(f"*.s3.{region}.amazonaws.com" for region in sorted(regions_of("aws"))),
    ]


class PublicStores:
    """Answers for every bucket of every cloud between `start` and `stop`."""

    def __init__(
        self, world: World, objects: ObjectStore, is_dark: IsDark, address: str, port: int, pair: KeyPair
    ) -> None:
        self._world = world
        handler = partial(_Handler, world, objects, is_dark)
        self._server = HttpsServer("public-stores", address, port, pair, handler)

    def names(self) -> dict[str, list[str]]:
        """The host name of each store, and where it is answered."""
        return {bucket.host: [self._server.address] for bucket in list_buckets(self._world)}

    def start(self) -> None:
        """Listen. Raises Unavailable for a port that is taken."""
        self._server.start()

    def stop(self) -> None:
        """Close the port."""
        self._server.stop()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, world: World, objects: ObjectStore, is_dark: IsDark, *connection: Any) -> None:
        self._world, self._objects, self._is_dark = world, objects, is_dark
        super().__init__(*connection)

    def do_GET(self) -> None:
        """Answer for one object; a cloud that is dark lets the connection end without a word."""
        host = self.headers.get("host", "").partition(":")[0].lower()
        found = find_bucket(list_buckets(self._world), host, self.path.partition("?")[0])
        if found is None:
            self._reply(404, b"")
        elif self._is_dark(found[0].cloud):
            self.close_connection = True
        else:
            self._reply(*self._find(*found))

    do_HEAD = do_GET

    def _find(self, bucket: Bucket, key: str) -> tuple[int, bytes]:
        if not bucket.may_read(key):
            return 403, b""
        content = self._objects.read(f"{bucket.name}/{key}")
        if content is not None:
            return 200, content
        # Whoever may not list learns from S3 that he may not know: docs.aws.amazon.com/AmazonS3, GetObject.
        return (403 if bucket.cloud == "aws" else 404), b""

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("connection", "close")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """No line per request on stderr."""
