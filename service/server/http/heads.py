"""Heads of HTTP/1.1 requests as the parser gives them: measured, explained, rendered without an offer to upgrade."""

from __future__ import annotations

from typing import Any

import httptools

from service.server.exchange import Exchange, Header
from service.server.protocol.problems import INVALID_HTTP, Problem

_DROPPED_BYTES = 65536  # of the body of a refused request are read, so that its connection can be used on


class Trailers(list[Header]):
    """Takes the fields behind a chunked body, which must not become headers, and keeps none."""

    def append(self, _field: Header) -> None:
        """Drop it."""


def without_offer(parser: Any, url: bytes, headers: list[Header]) -> bytes:
    """A request's head as it was sent, but for the offer to upgrade."""
    lines = [b"%b %b HTTP/%b" % (parser.get_method(), url, parser.get_http_version().encode())]
    for name, value in headers:
        if name == b"connection":
            value = b",".join(token for token in value.split(b",") if token.strip().lower() != b"upgrade")
        if name != b"upgrade":
            lines.append(name + b": " + value)
    return b"\r\n".join(lines) + b"\r\n\r\n"


def measure_head(url: bytes, headers: list[Header]) -> int:
    return len(url) + sum(len(name) + len(value) + 4 for name, value in headers)


def has_long_body(exchange: Exchange) -> bool:
    """Whether a refused request's body is too long, or of unknown length, to be read for its connection's sake."""
    length = exchange.headers.get(b"content-length", b"0")
    return b"transfer-encoding" in exchange.headers or int(length) > _DROPPED_BYTES


def explain(error: httptools.HttpParserError) -> Problem | None:
    """Why the parser gave up: a callback's problem, or bytes that are no HTTP; None for a mistake of ours."""
    cause = error.__context__
    if isinstance(cause, Problem):
        # It may have to wait for its turn, and its traceback holds what was received: a quarter of a megabyte.
        cause.__context__ = cause.__cause__ = None
        return cause.with_traceback(None)
    if cause is None or isinstance(cause, httptools.HttpParserError | UnicodeError):
        return Problem(INVALID_HTTP, str(cause or error) or "the parser gave up")
    return None
