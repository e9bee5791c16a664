"""A pytest plugin that has uvicorn's own HTTP tests try our connection class in place of the one it comes from.

`bench.uvicorn_suite` runs it. The suite's stand-ins for a transport and a loop get what uvloop's have besides.
"""

from __future__ import annotations

import re
import sys
import time
from typing import Any

import pytest
from uvicorn.protocols.http import httptools_impl

from service.server.http.connections import Connections, limits_of
from service.server.http.run import connection_class
from service.server.runtime import build_runtime
from service.server.settings.table import Settings

_SUITE = "tests.protocols.test_http"
_OTHERS = {"h11", "zttp"}

settings = Settings.from_environment({"OUTLAST_AUTH": "off", "OUTLAST_AUDIT": "off"})
ours: Any = connection_class(build_runtime(settings), Connections(settings.max_connections, limits_of(settings)))
ours.__name__ = "HttpToolsProtocol"  # by which the suite knows what it tries
vars(httptools_impl)["HttpToolsProtocol"] = ours


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what tries another class than the one that ours comes from."""
    items[:] = [item for item in items if not _OTHERS.intersection(re.split(r"[][-]", item.name))]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let the stand-ins do what our class asks of a transport and a loop."""
    suite: Any = sys.modules[_SUITE]
    transport = suite.MockTransport
    transport.set_write_buffer_limits = lambda *_, **__: None
    transport.get_write_buffer_size = lambda self: len(self.buffer)
    transport.can_write_eof = lambda _: False
    transport.abort = transport.close
    suite.MockLoop.time = staticmethod(time.monotonic)
