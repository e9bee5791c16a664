"""Requests of one connection are told apart however their bytes arrive, and nothing of them is lost or changed."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover.simulator.clock import ScaledClock
from sandbox.network.rates import RateCounter, RateRule
from sandbox.network.requests import Inspector, Requests, add_forwarded

PLAIN = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
SIZED = b"POST /predict HTTP/1.1\r\nhost: a\r\nContent-Length: 22\r\n\r\nGET / HTTP/1.1\r\na: b\r\n"
CHUNKED = (
    b"POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
    b"5;name=value\r\nab\r\n\r\r\nA\r\n0123456789\r\n0\r\ntrailer: GET\r\n\r\n"
)
EMPTY = b"POST /y HTTP/1.1\r\ncontent-length: 0\r\n\r\n"
KINDS = (PLAIN, SIZED, CHUNKED, EMPTY)


def feed(data: bytes, cuts: list[int], look: Requests) -> bytes:
    places = sorted({0, *(cut % (len(data) + 1) for cut in cuts), len(data)})
    return b"".join(look.feed(data[a:b]) for a, b in itertools.pairwise(places)) + look.finish()


@given(st.lists(st.sampled_from(KINDS), max_size=6), st.lists(st.integers(0, 2000), max_size=30))
def test_every_head_is_seen_once_and_every_byte_passes(sent: list[bytes], cuts: list[int]) -> None:
    heads: list[bytes] = []

    def look(head: bytes) -> bytes:
        heads.append(head)
        return head

    data = b"".join(sent)
    assert feed(data, cuts, Requests(look)) == data
    assert heads == [one.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" for one in sent]


@pytest.mark.parametrize(
    "odd",
    [
        b"\x16\x03\x01 no http\r\n\r\n" + PLAIN,
        b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n" + PLAIN,
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n" + PLAIN,
        b"GET /" + b"a" * 70_000,
        b"half a head",
    ],
)
def test_what_cannot_be_told_apart_passes_as_it_is(odd: bytes) -> None:
    requests = Requests(lambda head: head)
    assert feed(PLAIN + odd, [10, 300], requests) == PLAIN + odd


def test_nothing_passes_behind_a_request_that_was_refused() -> None:
    requests = Requests(lambda head: head if b"/health" in head else None)
    assert requests.feed(PLAIN + SIZED + PLAIN) == PLAIN
    assert requests.ended and requests.feed(PLAIN) == b"" == requests.finish()


def test_a_callers_own_word_for_its_address_stays_left_of_the_ingress_word() -> None:
    head = b"GET / HTTP/1.1\r\nx-forwarded-for: 9.9.9.9\r\nX-Forwarded-For: 8.8.8.8\r\nhost: a\r\n\r\n"
    assert add_forwarded(head, "127.0.0.2") == head.replace(b"8.8.8.8", b"8.8.8.8, 127.0.0.2")
    assert add_forwarded(PLAIN, "127.0.0.2") == PLAIN.replace(b"1.1\r\n", b"1.1\r\nx-forwarded-for: 127.0.0.2\r\n")


def test_an_inspector_refuses_in_the_words_of_its_rule_and_spares_health() -> None:
    rule = RateRule("AWS WAF", 1, 60, 60, ("/health",), 429, "retry-after: 10\r\n")
    inspector = Inspector("127.0.0.2", RateCounter(rule, ScaledClock(1)), forwards=False, header="a: b\r\n")
    assert inspector.feed(PLAIN * 3 + EMPTY) == PLAIN * 3 + EMPTY
    assert inspector.refusal is None and inspector.feed(EMPTY) == b""
    assert inspector.refusal is not None
    head = inspector.refusal.split(b"\r\n")
    assert head[0] == b"HTTP/1.1 429 Too Many Requests" and {b"retry-after: 10", b"a: b"} <= set(head)
