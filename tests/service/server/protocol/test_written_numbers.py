"""What a model of texts reads as a number is one, or is missing; anything else is the caller's mistake."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.bundle import missing
from service.server.protocol.written_numbers import find_unreadable


def _wrong(*texts: str) -> list[int]:
    rows = np.array([[text, "any"] for text in texts], dtype=np.object_)
    return [row for row, _ in find_unreadable(rows, (0,), 20)]


@pytest.mark.parametrize("text", ["1", "-1.5", "+.5", "1.", "1e5", "1E-3", "0", "3.4e38", *missing.SPELLINGS])
def test_numbers_and_missing_values_are_taken(text: str) -> None:
    assert _wrong(text) == _wrong("1", text) == []


@pytest.mark.parametrize(
    "text",
    [
        "abc",
        "1e999",
        "3.5e38",
        "inf",
        "-Infinity",
        "\u0661\u0662",
        "1_000",
        "0x1A",
        " 1",
        "1 ",
        "1,5",
        "-nan",
        "-",
        "1" * 500,
    ],
)
def test_anything_else_is_not(text: str) -> None:
    assert _wrong("1", text, "2") == [1]


@given(st.lists(st.text("0123456789+-.eE_ nNaA", max_size=6), min_size=1, max_size=8))
def test_the_quick_way_is_the_rule(texts: list[str]) -> None:
    one_by_one = [row for row, text in enumerate(texts) if _wrong(text, "abc") != [1]]
    assert _wrong(*texts) == one_by_one


def test_only_the_first_are_named_and_other_columns_are_not_looked_at() -> None:
    assert _wrong(*["x"] * 100) == list(range(20))
    assert find_unreadable(np.array([["1", "x"]], dtype=np.object_), (0,), 20) == []
