"""What is made of heads, and why the parser gave up."""

from __future__ import annotations

import httptools
import pytest

from service.server.http.heads import Trailers, explain, measure_head, without_offer
from service.server.protocol.problems import INVALID_HTTP, Problem


def test_the_parser_gives_what_was_counted_on() -> None:
    """Where an upgrade is offered, the parser stops behind the head: the rest has to be fed to another."""
    head = b"POST / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: h2c\r\ncontent-length: 3\r\n\r\n"
    with pytest.raises(httptools.HttpParserUpgrade) as offer:
        httptools.HttpRequestParser(object()).feed_data(head + b"abc")
    assert offer.value.args[0] == len(head)


def test_a_refusal_does_not_hold_what_was_received() -> None:
    """It may wait for its turn; its traceback would hold the frames through which a quarter of a megabyte came."""

    class Refusing:
        def on_header(self, _name: bytes, value: bytes) -> None:
            try:
                value.decode("ascii")
            except UnicodeError as error:
                raise Problem(INVALID_HTTP, "it is refused") from error

    with pytest.raises(httptools.HttpParserError) as caught:
        httptools.HttpRequestParser(Refusing()).feed_data(b"GET / HTTP/1.1\r\na: \xff\r\n\r\n")
    problem = explain(caught.value)
    assert problem is not None and problem.detail == "it is refused"
    assert (problem.__traceback__, problem.__context__, problem.__cause__) == (None, None, None)


def test_bytes_that_are_no_http_are_explained_and_a_mistake_of_ours_is_not() -> None:
    class Broken:
        def on_header(self, _name: bytes, _value: bytes) -> None:
            raise KeyError("ours")

    for protocol, head, known in ((object(), b": \r\n", True), (Broken(), b"a: b\r\n", False)):
        with pytest.raises(httptools.HttpParserError) as caught:
            httptools.HttpRequestParser(protocol).feed_data(b"GET / HTTP/1.1\r\n" + head + b"\r\n")
        assert (explain(caught.value) is not None) == known


def test_a_head_is_measured_and_rendered_without_its_offer() -> None:
    headers = [(b"connection", b"keep-alive, Upgrade"), (b"upgrade", b"h2c"), (b"a", b"b")]
    assert measure_head(b"/x", headers) == 2 + sum(len(name) + len(value) + 4 for name, value in headers)

    class Parser:
        def get_method(self) -> bytes:
            return b"GET"

        def get_http_version(self) -> str:
            return "1.1"

    assert without_offer(Parser(), b"/x", headers) == b"GET /x HTTP/1.1\r\nconnection: keep-alive\r\na: b\r\n\r\n"


def test_trailers_are_dropped() -> None:
    trailers = Trailers()
    trailers.append((b"x-api-key", b"secret"))
    assert list(trailers) == []
