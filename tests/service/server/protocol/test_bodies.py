"""A body is bounded before it is read: its type, its compression, its JSON, its keys."""

from __future__ import annotations

import gzip
import zlib

import pytest

from service.server.protocol.bodies import (
    count_keys,
    decompress,
    parse_object,
    refuse_duplicate_keys,
    require_json_type,
)
from service.server.protocol.problems import Problem

BODY = b'{"a": 1}'


@pytest.mark.parametrize(
    ("encoding", "sent"),
    [
        (None, BODY),
        (b"identity", BODY),
        (b"", BODY),
        (b"gzip", gzip.compress(BODY, mtime=0)),
        (b" GZIP ", gzip.compress(BODY, mtime=0)),
        (b"x-gzip", gzip.compress(BODY, mtime=0)),
        (b"deflate", zlib.compress(BODY)),
    ],
)
def test_plain_and_compressed_bodies_are_the_same_to_the_model(encoding: bytes | None, sent: bytes) -> None:
    assert decompress({} if encoding is None else {b"content-encoding": encoding}, sent, len(BODY)) == BODY


@pytest.mark.parametrize(
    ("encoding", "sent", "limit", "status", "told"),
    [
        (b"br", BODY, 100, 415, "'br' is not supported"),
        (b"gzip", BODY, 100, 415, "the body is not gzip"),
        (b"gzip", gzip.compress(BODY, mtime=0)[:-1], 100, 415, "cut off"),
        (b"gzip", gzip.compress(BODY, mtime=0) + b"more", 100, 415, "more behind it"),
        (b"gzip", gzip.compress(b"x" * 1_000_000, mtime=0), 1000, 413, "over 1000 bytes"),
        (b"gzip", gzip.compress(b"x" * 1001, mtime=0), 1000, 413, "over 1000 bytes"),
    ],
)
def test_what_cannot_be_taken_is_refused_however_small_it_came(
    encoding: bytes, sent: bytes, limit: int, status: int, told: str
) -> None:
    with pytest.raises(Problem, match=told) as caught:
        decompress({b"content-encoding": encoding}, sent, limit)
    assert caught.value.status == status


def test_an_unsupported_encoding_is_answered_with_those_that_are() -> None:
    with pytest.raises(Problem) as caught:
        decompress({b"content-encoding": b"zstd"}, BODY, 100)
    assert caught.value.headers == ((b"accept-encoding", b"gzip, deflate"),)


@pytest.mark.parametrize("said", [None, b"application/json", b"Application/JSON; charset=utf-8", b"application/json;x"])
def test_json_is_taken_and_so_is_a_body_that_says_nothing(said: bytes | None) -> None:
    require_json_type({} if said is None else {b"content-type": said})


@pytest.mark.parametrize("said", [b"text/plain", b"", b"application/jsonp", b"application/x-www-form-urlencoded"])
def test_another_type_is_refused(said: bytes) -> None:
    with pytest.raises(Problem, match="is not supported") as caught:
        require_json_type({b"content-type": said})
    assert caught.value.status == 415


@pytest.mark.parametrize(
    ("raw", "hint"),
    [
        (b"{", ""),
        (b"\xff", ""),
        (b'{"a": NaN}', "JSON has no NaN or Infinity"),
        (b'{"a": -Infinity}', "JSON has no NaN or Infinity"),
        (b"[1]", 'it begins with "{"'),
        (b"", ""),
        (b"[" * 3000, ""),
    ],
)
def test_what_is_no_object_is_refused_with_a_hint_where_there_is_one(raw: bytes, hint: str) -> None:
    with pytest.raises(Problem) as caught:
        parse_object(raw)
    assert (caught.value.status, caught.value.hint) == (400, hint)


@pytest.mark.parametrize(
    ("raw", "twice"),
    [
        (b'{"a": 1, "a": 2}', ["a"]),
        (b'{"b": {"a": 1, "a": 2}, "c": [{"d": 1, "d": 1}]}', ["a", "d"]),
        (b'{"a": "x:y", "a": 2}', ["a"]),
    ],
)
def test_a_key_twice_is_named(raw: bytes, twice: list[str]) -> None:
    with pytest.raises(Problem) as caught:
        refuse_duplicate_keys(raw, count_keys(parse_object(raw)))
    assert sorted(m.place for m in caught.value.mistakes) == twice


@pytest.mark.parametrize("raw", [b'{"a": ":", "b": [{"c": "\\":"}, {"c": 2}]}', b'{"a:": {"a": 1}}', b"{}"])
def test_colons_in_texts_and_the_same_key_in_two_objects_are_no_duplicates(raw: bytes) -> None:
    refuse_duplicate_keys(raw, count_keys(parse_object(raw)))


def test_keys_are_counted_at_every_depth() -> None:
    assert count_keys({"a": [{"b": 1}, [{"c": {"d": 2}}], 3], "e": None}) == 5
    assert count_keys(3) == 0
