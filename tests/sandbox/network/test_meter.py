from __future__ import annotations

import pytest

from sandbox.network.entry_points import plain_answer
from sandbox.network.meter import Meter

GET, HEAD = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n", b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 500 Oops\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"


class Heard:
    """What a meter told."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bool]] = []
        self.meter = Meter(lambda status, seconds: self.answers.append((status, seconds is not None)))

    def exchange(self, *pairs: tuple[bytes, bytes]) -> list[tuple[int, bool]]:
        for asked, said in pairs:
            self.meter.asked(asked)
            self.meter.said(said)
        return self.answers


def test_each_answer_of_a_connection_counts() -> None:
    assert Heard().exchange((GET, OK), (GET, CHUNKED), (GET, OK)) == [(200, True), (500, True), (200, True)]


def test_pieces_are_put_together() -> None:
    heard = Heard()
    for piece in (GET[:5], GET[5:]):
        heard.meter.asked(piece)
    for piece in (OK[:12], OK[12:30], OK[30:]):
        heard.meter.said(piece)
    assert heard.answers == [(200, True)]


def test_an_error_without_a_body_is_the_load_balancers_own() -> None:
    assert Heard().exchange((GET, plain_answer(503))) == [(503, False)]
    assert Heard().exchange((GET, plain_answer(404))) == [(404, True)], "the client's mistake"


def test_an_answer_to_head_has_a_length_and_no_body() -> None:
    without = OK.removesuffix(b"{}")
    assert Heard().exchange((HEAD, without), (GET, OK)) == [(200, True), (200, True)]


def test_what_is_on_the_way_to_the_answer_is_none() -> None:
    assert Heard().exchange((GET, b"HTTP/1.1 103 Early Hints\r\n\r\n"), (b"", OK)) == [(200, True)]


@pytest.mark.parametrize(
    "asked", [b"\x16\x03\x01 no http", b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"]
)
def test_what_is_not_understood_ends_the_counting_and_nothing_else(asked: bytes) -> None:
    heard = Heard()
    assert heard.exchange((asked, b"what"), (GET, OK)) == []


def test_seconds_are_those_until_the_head() -> None:
    seen: list[float | None] = []
    meter = Meter(lambda status, seconds: seen.append(seconds))
    meter.asked(GET)
    meter.said(OK[:40])
    assert seen and seen[0] is not None and 0 <= seen[0] < 5
