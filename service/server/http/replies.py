"""Responses as bytes: the fixed headers of all, and what is answered without the ASGI application."""

from __future__ import annotations

import http

from service.server.exchange import Exchange, Header
from service.server.protocol.problems import Problem

GONE = 499  # the status of an answer to a client that has gone: nobody gets it, and it is not counted

_FIXED_HEADERS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
)


def fixed_headers(site: str) -> tuple[Header, ...]:
    """What every response carries. The transport policy header is ignored by browsers where TLS is not in use."""
    return ((b"x-served-by", site.encode()), *_FIXED_HEADERS)


class Replies:
    """Renders responses with a site's fixed headers; `dated` is uvicorn's list with the date, a new one each second."""

    def __init__(self, headers: tuple[Header, ...]) -> None:
        self._fixed = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self._heads: dict[int, bytes] = {}
        self._dated: list[Header] = []

    def render(self, exchange: Exchange, dated: list[Header], keep_alive: bool) -> bytes:
        """A whole response as bytes."""
        parts = [
            self._head(exchange.status, dated),
            b"content-type: ", exchange.reply_type,
            b"\r\nx-request-id: ", exchange.request_id.encode(),
            b"\r\ncontent-length: ", str(len(exchange.reply)).encode(),
        ]  # fmt: skip
        for name, value in exchange.extra:
            parts += (b"\r\n", name, b": ", value)
        parts += (b"\r\n\r\n" if keep_alive else b"\r\nconnection: close\r\n\r\n", exchange.reply)
        return b"".join(parts)

    def render_problem(self, problem: Problem, content_type: bytes, dated: list[Header]) -> bytes:
        """A refusal of a request that was not read to its end; the connection ends with it."""
        body = problem.render()
        parts = [self._head(problem.status, dated), b"content-type: ", content_type, b"\r\nconnection: close"]
        for name, value in problem.headers:
            parts += (b"\r\n", name, b": ", value)
        parts += (b"\r\ncontent-length: ", str(len(body)).encode(), b"\r\n\r\n", body)
        return b"".join(parts)

    def _head(self, status: int, dated: list[Header]) -> bytes:
        """Status line and fixed headers; `dated` is uvicorn's list, a new one each second."""
        if dated is not self._dated:
            self._heads.clear()
            self._dated = dated
        head = self._heads.get(status)
        if head is None:
            date = b"".join(name + b": " + value + b"\r\n" for name, value in dated)
            phrase = http.HTTPStatus(status).phrase.encode()
            head = self._heads[status] = b"HTTP/1.1 %d %b\r\n%b%b" % (status, phrase, self._fixed, date)
        return head
