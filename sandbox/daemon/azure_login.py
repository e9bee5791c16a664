"""HTTPS at `<registry>.azurecr.io`, on an address of the sandbox's own: where a deployer gets a token for a push."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from sandbox.clouds.azure import login
from sandbox.clouds.azure.registry import REGISTRY
from sandbox.clouds.world import World
from sandbox.network.certificates import KeyPair
from service.errors import Unavailable

HOSTS = "*.azurecr.io"
_LONGEST_FORM = 64 * 1024
_CLIENT_WALL_SECONDS = 10.0
_IDLE_WALL_SECONDS = 60.0  # between looks whether to end: a connection wakes it as well


class AzureLogin:
    """Answers for every registry of Azure between `start` and `stop`. `pair` is a certificate for `HOSTS`."""

    def __init__(self, world: World, address: str, port: int, pair: KeyPair) -> None:
        self._world = world
        self._where = (address, port)
        self._pair = pair
        self._server: _Server | None = None

    def names(self) -> dict[str, list[str]]:
        """The host name of each registry, and where it is answered."""
        return {str(one.outputs["loginServer"]): [self._where[0]] for one in self._world.store.all(REGISTRY)}

    def start(self) -> None:
        """Listen. Raises Unavailable for a port that is taken."""
        try:
            self._server = _Server(self._where, self._world, self._pair.server_context())
        except OSError as error:
            where = f"{self._where[0]} port {self._where[1]}"
            raise Unavailable(
                f"nothing can listen on {where}: {error.strerror}", hint="end what listens there"
            ) from error
        serve = self._server.serve_forever
        threading.Thread(target=serve, args=(_IDLE_WALL_SECONDS,), name="azure-login", daemon=True).start()

    def stop(self) -> None:
        """Close the port."""
        if self._server is None:
            return
        ending = threading.Thread(target=self._server.shutdown, daemon=True)
        ending.start()
        while ending.is_alive():
            with contextlib.suppress(OSError), socket.create_connection(self._where, timeout=1):
                ending.join(0.05)
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    """TLS is agreed on in the thread of each connection, so that a silent client keeps nobody waiting."""

    daemon_threads = True

    def __init__(self, where: tuple[str, int], world: World, context: ssl.SSLContext) -> None:
        self.world = world
        self._context = context
        super().__init__(where, _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        with contextlib.suppress(OSError):  # whoever goes away, or speaks no TLS
            request.settimeout(_CLIENT_WALL_SECONDS)
            with self._context.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        """Answer one form."""
        server = self.headers.get("host", "").partition(":")[0].lower()
        length = int(self.headers.get("content-length") or 0)
        if length > _LONGEST_FORM:
            self.send_error(413)
            return
        form = dict(parse_qsl(self.rfile.read(length).decode(errors="replace")))
        status, document = login.answer(self.server.world, server, self.path, form)
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """No line per request on stderr."""
