"""Requests that are wrong on purpose, each of its own kind: every site has to refuse them with the same words. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from service.bundle.columns import Value
from service.bundle.golden import Golden, render_rows

# The defaults of OUTLAST_MAX_ROWS and OUTLAST_MAX_BODY_BYTES. Where an operator set others, all sites must have them:
# a site with another limit gives another status.
MAX_ROWS, MAX_BODY_BYTES = 4096, 4_194_304
Row = tuple[Value, ...]
_JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class WrongRequest:
    """A wrong request: `keyed` is whether it comes with the API key."""

    name: str
    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    keyed: bool = True


@dataclass(frozen=True)
class Refusal:
    """How a site refused: status, content type, and the document without what differs from request to request."""

    status: int
    content_type: str
    document: Any

    def __str__(self) -> str:
        told = self.document.get("type") or self.document.get("error") if isinstance(self.document, dict) else None
        return f"{self.status} {told or self.content_type or 'without a type'}"


def list_mistakes(golden: Golden) -> list[WrongRequest]:
    """One of each kind that a caller makes, for this model."""
    path, right = golden.path, golden.rows[0].features

    def infer(name: str, body: bytes, **more: Any) -> WrongRequest:
        return WrongRequest(name, "POST", path, body, _JSON, **more)

    return [
        WrongRequest("no such address", "GET", "/no-such-address"),
        WrongRequest("another method", "GET", path),
        WrongRequest("no such model", "POST", "/v2/models/no-such-model/infer", _render(golden, [right]), _JSON),
        infer("no API key", _render(golden, [right]), keyed=False),
        infer("no JSON", b'{"inputs": ['),
        infer("no inputs", b'{"inputs": []}'),
        infer("a column too few", _render_short(golden, right)),
        infer("an object as value", _render(golden, [({"a": 1}, *right[1:])])),
        infer("more rows than are taken", _render(golden, [right] * (MAX_ROWS + 1))),
        infer("a larger body than is taken", b" " * (MAX_BODY_BYTES + 1)),
        WrongRequest("a receipt of somebody else", "POST", "/feedback", b'{"receipt": "forged", "truth": "1"}', _JSON),
    ]


def read_refusal(status: int, content_type: str, body: bytes) -> Refusal:
    """A site's answer as what has to be equal everywhere. `instance` names the request."""
    try:
        document = json.loads(body)
    except ValueError:
        document = body[:200].decode(errors="replace")
    if isinstance(document, dict):
        document = {key: value for key, value in document.items() if key != "instance"}
    return Refusal(status, content_type.partition(";")[0].strip(), document)


def _render(golden: Golden, rows: list[Any]) -> bytes:
    return json.dumps({"inputs": render_rows(golden.input, rows)}, separators=(",", ":")).encode()


def _render_short(golden: Golden, row: Row) -> bytes:
    tensors = render_rows(golden.input, [row])
    if len(tensors) > 1:
        return json.dumps({"inputs": tensors[:-1]}).encode()
    return json.dumps({"inputs": [{**tensors[0], "shape": [1, len(row) - 1], "data": list(row[:-1])}]}).encode()
