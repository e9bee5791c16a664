"""How stores of all three clouds answer a read: a part of an object where one is asked for, and conditions on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass(frozen=True)
class Part:
    """A reply to GET or HEAD; whoever sends it leaves the body of a HEAD out."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def read_part(content: bytes, written_at: float, tag: str, asked: Mapping[str, str]) -> Part:
    """What a store answers about an object: `asked` are the request's headers in small letters."""
    headers = {"etag": tag, "last-modified": formatdate(written_at, usegmt=True), "accept-ranges": "bytes"}
    if asked.get("if-match", tag) != tag:
        return Part(412)
    span = _RANGE.fullmatch(asked.get("range", ""))
    if span is None:
        return Part(200, content, headers)
    first, last = int(span[1]), min(int(span[2] or len(content)), len(content) - 1)
    if first > last:
        return Part(416, b"", {"content-range": f"bytes */{len(content)}"})
    return Part(206, content[first : last + 1], headers | {"content-range": f"bytes {first}-{last}/{len(content)}"})
