"""HTTPS on an address of the sandbox's own: what a cloud serves beside the sites, one thread for each connection."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sandbox.network.certificates import KeyPair
from service.errors import Unavailable

_CLIENT_WALL_SECONDS = 10.0
_IDLE_WALL_SECONDS = 60.0  # between looks whether to end: a connection wakes it as well

MakeHandler = Callable[..., BaseHTTPRequestHandler]


class HttpsServer:
    """Answers at one address between `start` and `stop`, with one certificate. `name` is that of its thread."""

    def __init__(self, name: str, address: str, port: int, pair: KeyPair, handler: MakeHandler) -> None:
        self._name = name
        self._where = (address, port)
        self._pair = pair
        self._handler = handler
        self._server: _Server | None = None

    @property
    def address(self) -> str:
        """Where it is."""
        return self._where[0]

    def start(self) -> None:
        """Listen. Raises Unavailable for a port that is taken."""
        try:
            self._server = _Server(self._where, self._handler, self._pair.server_context())
        except OSError as error:
            where = f"{self._where[0]} port {self._where[1]}"
            raise Unavailable(
                f"nothing can listen on {where}: {error.strerror}", hint="end what listens there"
            ) from error
        serve = self._server.serve_forever
        threading.Thread(target=serve, args=(_IDLE_WALL_SECONDS,), name=self._name, daemon=True).start()

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

    def __init__(self, where: tuple[str, int], handler: MakeHandler, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(where, handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        with contextlib.suppress(OSError):  # whoever goes away, or speaks no TLS
            request.settimeout(_CLIENT_WALL_SECONDS)
            with self._context.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)
