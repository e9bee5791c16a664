"""What passes over one connection of a load balancer: the status of each answer, and how long it took.

The bytes themselves are left as they are. What is no HTTP/1.1 is not counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import SupportsIndex

import httptools

from sandbox.network.access import Notes

Answered = Callable[[int, float | None], None]
"""Told of each answer: its status, and the real seconds until its head; None where no replica gave it."""

_ERROR = 500


class _Requests:
    """When each request began, and by which method; the oldest that is unanswered first."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[float, bytes]] = deque()
        self._began = 0.0
        self._parser = httptools.HttpRequestParser(self)

    def on_message_begin(self) -> None:
        self._began = time.monotonic()

    def on_headers_complete(self) -> None:
        self.waiting.append((self._began, self._parser.get_method()))

    def feed(self, data: bytes) -> None:
        self._parser.feed_data(data)


class Meter:
    """Follows both directions of a connection; ends for good at the first byte that it does not understand."""

    def __init__(self, answered: Answered, notes: Notes | None = None) -> None:
        self._answered = answered
        self._notes = notes
        self._requests: _Requests | None = _Requests()
        self._parser = httptools.HttpResponseParser(self)
        self._has_body = True
        self._method = b""

    def asked(self, data: bytes) -> None:
        """The client has said this."""
        if self._notes is not None:
            self._notes.received += len(data)
        with self._following():
            if self._requests is not None:
                self._requests.feed(data)

    def said(self, data: bytes) -> None:
        """The client gets this."""
        if self._notes is not None:
            self._notes.sent += len(data)
        with self._following():
            if self._requests is not None:
                self._parser.feed_data(data)
                if self._method == b"HEAD":  # has a length and no body, which the parser cannot know
                    self._parser, self._method = httptools.HttpResponseParser(self), b""
                    self.on_message_complete()

    def on_message_begin(self) -> None:
        self._has_body = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"content-length":
            self._has_body = value.strip() != b"0"

    def on_headers_complete(self) -> None:
        """The service answers no error without a body, and the load balancer none with one."""
        status = self._parser.get_status_code()
        if self._requests is None or status < 200 or not self._requests.waiting:
            return
        began, self._method = self._requests.waiting.popleft()
        own = status >= _ERROR and not self._has_body
        self._answered(status, None if own else time.monotonic() - began)
        if self._notes is not None:
            self._notes.answered(status)

    def on_message_complete(self) -> None:
        """The client has the whole answer."""
        if self._notes is not None:
            self._notes.ended()

    @contextlib.contextmanager
    def _following(self) -> Iterator[None]:
        try:
            yield
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._requests = None
            if self._notes is not None:
                self._notes.forget()


class MeteredReader(asyncio.StreamReader):
    """A reader whose data a meter hears as it comes in."""

    def __init__(self, meter: Meter, limit: int) -> None:
        super().__init__(limit=limit)
        self._meter = meter

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        self._meter.asked(bytes(data))
        super().feed_data(data)


class MeteredWriter(asyncio.StreamWriter):
    """A writer whose data a meter hears as it goes out."""

    def __init__(
        self,
        meter: Meter,
        transport: asyncio.WriteTransport,
        protocol: asyncio.BaseProtocol,
        reader: asyncio.StreamReader,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(transport, protocol, reader, loop)
        self._meter = meter

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._meter.said(bytes(data))
        super().write(data)
