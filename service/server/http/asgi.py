"""A request that is not for the endpoint, as the ASGI application gets it: with uvicorn's own cycle."""

from __future__ import annotations

import asyncio
import logging
import urllib.parse
from collections.abc import Callable
from typing import Any, NamedTuple

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl

from service.server.exchange import Header

_ERRORS = logging.getLogger("uvicorn.error")


class Message(NamedTuple):
    """A complete request."""

    method: str
    url: bytes
    version: str
    headers: list[Header]
    body: bytes
    keep_alive: bool

    @property
    def path(self) -> str:
        """The path, decoded."""
        return urllib.parse.unquote(self._raw_path()[0].decode("latin-1"))

    def _raw_path(self) -> tuple[bytes, bytes]:
        """The path as sent, and the query."""
        raw_path, _, query = self.url.partition(b"?")
        if not raw_path.startswith(b"/"):  # `GET http://host/path` as sent to a proxy, or `OPTIONS *`
            raw_path = urllib.parse.urlsplit(raw_path).path or b"/"
        return raw_path, query

    def scope(self, transport: Any, state: dict[str, Any]) -> Any:
        """The ASGI scope."""
        raw_path, query = self._raw_path()
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": self.version,
            "method": self.method,
            "scheme": "https" if is_ssl(transport) else "http",
            "server": get_local_addr(transport),
            "client": get_remote_addr(transport),
            "root_path": "",
            "path": self.path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": self.headers,
            "state": state.copy(),
        }


def build_cycle(
    message: Message,
    transport: Any,
    flow: FlowControl,
    state: dict[str, Any],
    dated: list[Header],
    on_response: Callable[[], None],
) -> RequestResponseCycle:
    """uvicorn's cycle over a request that has arrived whole."""
    event = asyncio.Event()
    event.set()
    cycle = RequestResponseCycle(
        scope=message.scope(transport, state),
        transport=transport,
        flow=flow,
        logger=_ERRORS,
        access_logger=_ERRORS,
        access_log=False,
        default_headers=dated,
        message_event=event,
        expect_100_continue=False,
        keep_alive=message.keep_alive,
        on_response=on_response,
    )
    cycle.body = bytearray(message.body)
    cycle.more_body = False
    return cycle
