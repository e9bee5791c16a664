"""Parts of objects, as every store gives them."""

from __future__ import annotations

import pytest

from sandbox.clouds.object_reading import read_part

CONTENT, TAG = b"0123456789", '"tag"'


@pytest.mark.parametrize(
    ("asked", "status", "body", "span"),
    [
        ({}, 200, CONTENT, None),
        ({"range": "bytes=2-4"}, 206, b"234", "bytes 2-4/10"),
        ({"range": "bytes=7-"}, 206, b"789", "bytes 7-9/10"),
        ({"range": "bytes=7-99"}, 206, b"789", "bytes 7-9/10"),
        ({"range": "bytes=10-"}, 416, b"", "bytes */10"),
        ({"range": "items=1"}, 200, CONTENT, None),
        ({"if-match": TAG, "range": "bytes=0-0"}, 206, b"0", "bytes 0-0/10"),
        ({"if-match": '"other"'}, 412, b"", None),
    ],
)
def test_what_is_asked_for_is_given(asked: dict[str, str], status: int, body: bytes, span: str | None) -> None:
    part = read_part(CONTENT, 0.0, TAG, asked)
    assert (part.status, part.body, part.headers.get("content-range")) == (status, body, span)
    if status in (200, 206):
        assert (part.headers["etag"], part.headers["last-modified"]) == (TAG, "Thu, 01 Jan 1970 00:00:00 GMT")
