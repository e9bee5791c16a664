"""How one setting's text becomes a value, and what is said of one that does not."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.server.settings import values
from service.server.settings.values import Wrong, either, number, one_of, whole

LETTERS = st.text(st.characters(max_codepoint=0x2FF), max_size=12)


@given(st.integers())
def test_a_whole_number_is_taken_within_its_range_alone(n: int) -> None:
    parse = whole(-5, 9)
    if -5 <= n <= 9:
        assert parse(str(n)) == n
    else:
        with pytest.raises(Wrong, match="outside -5 to 9"):
            parse(str(n))


@given(LETTERS)
def test_what_is_no_number_is_refused_and_never_fails_otherwise(text: str) -> None:
    for parse in (whole(0, 9), number(0, 9)):
        try:
            found = parse(text)
        except Wrong as error:
            assert error.what
        else:
            assert 0 <= found <= 9 and not math.isnan(found)


@pytest.mark.parametrize("text", ["nan", "inf", "-1", "1e9", ""])
def test_numbers_that_python_would_take_are_refused(text: str) -> None:
    for parse in (number(0, 9), whole(0, 9)):
        with pytest.raises(Wrong):
            parse(text)


def test_a_whole_number_is_written_in_ascii() -> None:
    assert int("٣") == 3
    with pytest.raises(Wrong, match="not a whole number"):
        whole(0, 9)("٣")


def test_milliseconds_are_checked_as_written_and_kept_as_seconds() -> None:
    parse = number(0.1, 60000, divided_by=1000)
    assert parse("2") == 0.002
    with pytest.raises(Wrong, match=r"outside 0\.1 to 60000"):
        parse("0.05")


def test_words_are_taken_in_any_case() -> None:
    assert either("on", "off")("ON") is True
    assert either("on", "off")("off") is False
    assert one_of("debug", "info", "error")("Info") == "info"


@pytest.mark.parametrize(
    ("parse", "text", "told"),
    [
        (either("on", "off"), "yes", "it must be `on` or `off`"),
        (one_of("debug", "info", "error"), "loud", "it must be debug, info or error"),
        (values.parse_address, "localhost", "not an IP address"),
        (values.parse_label, "a b", "1 to 63 letters"),
        (values.parse_label, "-a", "1 to 63 letters"),
        (values.parse_digests, "{", "is not JSON"),
        (values.parse_digests, '["a"]', "must map"),
        (values.parse_digests, '{"a": "sha256:12"}', "must map"),
        (values.parse_source, "http://flags.test/?sig=abc", "begins with http://;"),
    ],
)
def test_what_is_wrong_is_said(parse: Callable[[str], Any], text: str, told: str) -> None:
    with pytest.raises(Wrong) as caught:
        parse(text)
    assert told in caught.value.what


def test_an_address_that_is_refused_is_not_repeated() -> None:
    with pytest.raises(Wrong) as caught:
        values.parse_source("ftp://flags.test/?sig=abc")
    assert "abc" not in caught.value.what + caught.value.hint
    assert values.parse_source("https://flags.test/?sig=abc") == "https://flags.test/?sig=abc"
    assert values.parse_source("/run/flag") == "/run/flag"


def test_a_replica_without_a_name_gets_one_that_is_a_label() -> None:
    assert values.parse_replica("one") == "one"
    assert values.parse_label(values.parse_replica(""))


def test_what_a_path_names_must_be_there(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"\xff")
    values.require_readable(file)
    values.require_folder(tmp_path)
    values.require_writable(tmp_path)
    for look, path in (
        (values.require_readable, tmp_path / "none"),
        (values.require_folder, file),
        (values.require_writable, file),
        (values.read_text, file),
    ):
        with pytest.raises(Wrong, match=path.name):
            look(path)
