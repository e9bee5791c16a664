"""A request's body as bytes and as JSON: types, compression, duplicate keys, all bounded."""

from __future__ import annotations

import contextlib
import json
import re
import zlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

import orjson

from service.errors import Mistake
from service.server.protocol.problems import MOST_MISTAKES, NOT_JSON, TOO_LARGE, WRONG_TYPE, Problem

# 16 + wbits reads gzip, 32 + wbits tells gzip from zlib by its header; `deflate` is zlib by RFC 9110.
_WINDOW = {b"gzip": 16 + zlib.MAX_WBITS, b"x-gzip": 16 + zlib.MAX_WBITS, b"deflate": zlib.MAX_WBITS}
_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?', re.DOTALL)
_MOST_TEXTS = 250_000  # that are read once more, for their colons, in one body: about 20 ms
_NAMED_BYTES = 65536  # of a body whose double key is looked for by name

_CONTAINERS = {dict, list}

Body = bytes | bytearray


def too_large(limit_bytes: int, what: str = "the body") -> Problem:
    """413: more bytes than the server reads."""
    return Problem(TOO_LARGE, f"{what} is over {limit_bytes} bytes", hint="send fewer rows in each request")


def decompress(headers: Mapping[bytes, bytes], body: Body, limit_bytes: int) -> Body:
    """The body without its content-encoding; stops at the limit, however small the compressed body was."""
    encoding = headers.get(b"content-encoding", b"identity").strip().lower()
    if encoding in (b"identity", b""):
        return body
    if encoding not in _WINDOW:
        raise Problem(
            WRONG_TYPE,
            f"content-encoding {encoding.decode('latin-1')!r} is not supported",
            hint="send the body plain, or with gzip or deflate",
            headers=[(b"accept-encoding", b"gzip, deflate")],
        )
    stream = zlib.decompressobj(_WINDOW[encoding])
    try:
        plain = stream.decompress(body, limit_bytes + 1)
    except zlib.error as error:
        raise Problem(WRONG_TYPE, f"the body is not {encoding.decode()}: {error}") from error
    if len(plain) > limit_bytes:
        raise too_large(limit_bytes, "the decompressed body")
    if not stream.eof or stream.unused_data:
        raise Problem(WRONG_TYPE, f"the {encoding.decode()} body is cut off, or has more behind it")
    return plain


def require_json_type(headers: Mapping[bytes, bytes]) -> None:
    """Raises Problem 415 for a body that says to be something else; none said is taken as JSON."""
    said = headers.get(b"content-type")
    if said is None or said == b"application/json" or said.partition(b";")[0].strip().lower() == b"application/json":
        return
    raise Problem(
        WRONG_TYPE,
        f"content-type {said.decode('latin-1')!r} is not supported",
        hint="send JSON with `content-type: application/json`",
    )


def parse_object(raw: Body) -> dict[str, Any]:
    """The body's JSON object. Raises Problem 400: not UTF-8, not JSON, NaN, nested too deep, or not an object."""
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        hint = "JSON has no NaN or Infinity" if re.search(rb"\b(?:NaN|Infinity)\b", raw) else ""
        raise Problem(NOT_JSON, f"the body cannot be read: {error}", hint=hint) from error
    if type(document) is not dict:
        raise Problem(NOT_JSON, "the body is JSON, but not an object", hint='it begins with "{"')
    return document


def refuse_duplicate_keys(raw: Body, keys: int) -> None:
    """Raises Problem 400 when an object in the body has a key twice: parsers differ in which one they take.

    `keys` is how many keys the parsed document holds. As each stands before one colon, equal counts mean that none was
    lost; only when colons in texts make them differ is the body read once more, slowly.
    """
    if raw.count(b":") == keys:
        return
    if raw.count(b'"') > 2 * _MOST_TEXTS:
        raise Problem(TOO_LARGE, f"the body holds over {_MOST_TEXTS} texts", hint="send fewer rows in each request")
    if sum(map(bool, _TEXT.findall(raw))) == keys:
        return
    raise Problem(
        NOT_JSON,
        "an object holds the same key twice",
        mistakes=[Mistake(name, "is given more than once") for name in _double_keys(raw)],
        hint="parsers differ in which one they take, so none is taken",
    )


def _double_keys(raw: Body) -> list[str]:
    """The names of keys that are there twice, where finding them takes no long; that one is there is known already."""
    if len(raw) > _NAMED_BYTES:
        return []
    doubles: dict[str, None] = {}

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            doubles.update((name, None) for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        return found

    with contextlib.suppress(RecursionError):
        json.loads(raw, object_pairs_hook=collect)
    return list(doubles)[:MOST_MISTAKES]


def count_keys(value: Any) -> int:
    """How many keys all objects in a JSON value hold together. However deep it is: no call for each level."""
    keys = 0
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if type(item) is dict:
            keys += len(item)
            item = list(item.values())
        if type(item) is list and not _CONTAINERS.isdisjoint(map(type, item)):
            waiting += [inner for inner in item if type(inner) in _CONTAINERS]
    return keys
