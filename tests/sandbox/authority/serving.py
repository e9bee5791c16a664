"""An authority of the sandbox behind a real HTTP server on loopback, with DNS that a test writes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from sandbox.authority.server import PREFIX, Authority, render
from sandbox.network.certificates import PrivateCA

Records = dict[tuple[str, str], list[str]]


@dataclass
class Served:
    """One authority, its address, and what it finds in DNS."""

    authority: Authority
    ca: PrivateCA
    records: Records
    base: str = ""
    now: float = 0.0
    date: str = ""
    asked: list[str] = field(default_factory=list)

    @property
    def directory(self) -> str:
        return f"{self.base}{PREFIX}directory"

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        self.asked.append(f"{request.method} {request.path.removeprefix(PREFIX).partition('/')[0]}")
        reply = self.authority.answer(request.method, request.path, request.host_url.rstrip("/"), request.get_data())
        content, headers = render(reply, request.method)
        return Response(content, reply.status, headers)(environ, start_response)


@contextmanager
def serve_authority(folder: Path, bindings: Mapping[str, bytes] | None = None) -> Iterator[Served]:
    """Answers until the block ends."""
    ca, records = PrivateCA(folder), Records()
    served = Served(
        Authority(ca, lambda name, type_: records.get((name, type_), []), lambda: served.now, bindings), ca, records
    )

    class Handler(WSGIRequestHandler):
        def log(self, type: str, message: str, *args: Any) -> None:
            """Tests say nothing of requests."""

        def date_time_string(self, timestamp: float | None = None) -> str:
            return served.date or super().date_time_string(timestamp)

    server = make_server("127.0.0.1", 0, served, threaded=True, request_handler=Handler)
    served.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
