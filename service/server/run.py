"""Runs the server: uvicorn with uvloop and httptools, from settings, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import logging
import socket

import uvicorn

from service.server.app import build_app
from service.server.logs import configure_logs, log
from service.server.runtime import build_runtime
from service.server.settings import Settings


def serve(settings: Settings) -> None:
    """Serve until told to stop."""
    configure_logs(settings.log_level, {"site": settings.site, "replica": settings.replica})
    runtime = build_runtime(settings)
    listener = _listen(settings)
    config = uvicorn.Config(
        build_app(runtime),
        http="httptools",
        loop="uvloop",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=int(settings.idle_seconds),
    )
    for line in describe_start(settings, listener.getsockname()[1]):
        log(logging.INFO, line)
    uvicorn.Server(config).run(sockets=[listener])


def describe_start(settings: Settings, port: int) -> list[str]:
    """What the operator is told at start, in words."""
    scheme = "https" if settings.tls_certificate else "http"
    lines = [f"listening on {scheme}://{settings.host}:{port} as site {settings.site}"]
    if settings.auth:
        lines.append(f"{len(settings.api_keys)} API keys are accepted")
    else:
        lines.append("OUTLAST_AUTH=off: anybody who reaches this port may ask; no API key is needed")
    if not settings.receipt_keys:
        lines.append("OUTLAST_RECEIPT_KEYS is not set: answers carry no receipt, and feedback is refused")
    if settings.drills:
        lines.append(f"OUTLAST_DRILLS=on: fault flags are read from {settings.faults}")
    return lines


def _listen(settings: Settings) -> socket.socket:
    from service.errors import Unavailable

    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise Unavailable(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror}",
            hint="another process holds the port; set PORT to a free one, or to 0 for any",
        ) from error
    listener.listen(4096)
    listener.set_inheritable(True)
    return listener
