"""What a caller is told when a request is refused: RFC 9457 problem+json, always with what, why and a hint.

Every problem is one `Kind`; docs/reference/server.md lists them all (a test compares). The member `error` repeats the
text for clients of the Open Inference Protocol, which look there. A problem is bounded, whatever the request was: it
names the first mistakes, and the beginning of what is wrong with each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from service.errors import Mistake

CONTENT_TYPE = b"application/problem+json"
_JSON = b"application/json"
MOST_MISTAKES = 20
_LONGEST_TEXT = 200
_LONGEST_DETAIL = 600


class Kind(NamedTuple):
    """One kind of refusal: the last part of its type URI, its HTTP status and its title."""

    slug: str
    status: int
    title: str


NOT_JSON = Kind("not-json", 400, "The body is not the JSON that was expected")
INVALID_REQUEST = Kind("invalid-request", 400, "The request does not fit the model")
INVALID_HTTP = Kind("invalid-http", 400, "The bytes sent are not HTTP/1.1")
INVALID_RECEIPT = Kind("invalid-receipt", 400, "The receipt was not signed by this service")
NO_KEY = Kind("no-api-key", 401, "An API key is needed")
FOREIGN_RECEIPT = Kind("foreign-receipt", 403, "The receipt was given to another API key")
NOT_FOUND = Kind("not-found", 404, "There is nothing at this address")
WRONG_METHOD = Kind("wrong-method", 405, "This address takes another method")
SLOW_REQUEST = Kind("slow-request", 408, "The request took too long to arrive")
TOO_LARGE = Kind("too-large", 413, "The request is larger than allowed")
WRONG_TYPE = Kind("wrong-content-type", 415, "The body's type or encoding is not supported")
TOO_MANY_REQUESTS = Kind("too-many-requests", 429, "The API key is over its rate limit")
ADDRESS_OVER_LIMIT = Kind("address-over-limit", 429, "The address is over its rate limit")
HEADERS_TOO_LARGE = Kind("headers-too-large", 431, "The request line and headers are larger than allowed")
INTERNAL = Kind("internal", 500, "The server failed")
FAULT = Kind("injected-fault", 500, "A drill injected this error")
OVERLOADED = Kind("overloaded", 503, "The queue is full")
AUDIT_STALLED = Kind("audit-stalled", 503, "The audit log cannot be written, so no prediction is given")
NO_RECEIPTS = Kind("no-receipts", 503, "This service has no key for receipts")
UNHEALTHY = Kind("unwell", 503, "This replica is unhealthy")

KINDS: tuple[Kind, ...] = tuple(kind for kind in list(globals().values()) if isinstance(kind, Kind))


class Problem(Exception):
    """A refused request: its kind, what is wrong here, what to do, and every mistake found in the body."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        hint: str = "",
        mistakes: Sequence[Mistake] = (),
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.hint = hint
        self.mistakes = tuple(mistakes)
        self.headers = tuple(headers)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.kind.status

    def render(self, request_id: str = "") -> bytes:
        """The problem+json document."""
        detail = _cut(self.detail, _LONGEST_DETAIL)
        document: dict[str, Any] = {
            "type": f"urn:outlast:problem:{self.kind.slug}",
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": detail,
            "error": f"{self.kind.title}: {detail}",
        }
        if self.hint:
            document["hint"] = _cut(self.hint, _LONGEST_DETAIL)
        if self.mistakes:
            document["errors"] = [
                {"place": _cut(m.place), "what": _cut(m.what), "hint": _cut(m.hint)}
                for m in self.mistakes[:MOST_MISTAKES]
            ]
        if request_id:
            document["instance"] = f"urn:outlast:request:{request_id}"
        return orjson.dumps(document)


def media_type(accept: bytes, route: str) -> bytes:
    """The type under which a refusal goes out: what the caller's `Accept` names, else problem+json.

    The Open Inference Protocol knows JSON alone, and its clients name no type: they get plain JSON.
    """
    if CONTENT_TYPE in accept:
        return CONTENT_TYPE
    return _JSON if route.startswith("/v2") or _JSON in accept else CONTENT_TYPE


def _cut(text: str, length: int = _LONGEST_TEXT) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def overloaded(
    detail: str = "more requests are waiting than can be answered soon", retry_after_seconds: int = 1
) -> Problem:
    """503: more work or more bytes than are taken on. It never counts as an error of the replica's health."""
    return Problem(
        OVERLOADED,
        detail,
        hint=f"try again in {retry_after_seconds} s, or at another site",
        headers=[(b"retry-after", str(retry_after_seconds).encode())],
    )
