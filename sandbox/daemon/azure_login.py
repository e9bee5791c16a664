"""HTTPS at `<registry>.azurecr.io`, on an address of the sandbox's own: where a deployer gets a token for a push."""

from __future__ import annotations

import json
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl

from sandbox.clouds.azure import login
from sandbox.clouds.azure.registry import REGISTRY
from sandbox.clouds.world import World
from sandbox.daemon.https_server import HttpsServer
from sandbox.network.certificates import KeyPair

HOSTS = "*.azurecr.io"
_LONGEST_FORM = 64 * 1024


class AzureLogin:
    """Answers for every registry of Azure between `start` and `stop`. `pair` is a certificate for `HOSTS`."""

    def __init__(self, world: World, address: str, port: int, pair: KeyPair) -> None:
        self._world = world
        self._server = HttpsServer("azure-login", address, port, pair, partial(_Handler, world))

    def names(self) -> dict[str, list[str]]:
        """The host name of each registry, and where it is answered."""
        return {str(one.outputs["loginServer"]): [self._server.address] for one in self._world.store.all(REGISTRY)}

    def start(self) -> None:
        """Listen. Raises Unavailable for a port that is taken."""
        self._server.start()

    def stop(self) -> None:
        """Close the port."""
        self._server.stop()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, world: World, *connection: Any) -> None:
        self._world = world
        super().__init__(*connection)

    def do_POST(self) -> None:
        """Answer one form."""
        server = self.headers.get("host", "").partition(":")[0].lower()
        length = int(self.headers.get("content-length") or 0)
        if length > _LONGEST_FORM:
            self.send_error(413)
            return
        form = dict(parse_qsl(self.rfile.read(length).decode(errors="replace")))
        status, document = login.answer(self._world, server, self.path, form)
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """No line per request on stderr."""
