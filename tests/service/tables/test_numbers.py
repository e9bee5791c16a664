"""One rule of what a number is, and both ways of reading a column follow it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.tables import numbers
from service.tables.numbers import read_number, read_numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-1.5", -1.5),
        ("+.5", 0.5),
        ("5.", 5),
        ("1e5", 1e5),
        ("1E-5", 1e-5),
        ("007", 7),
        ("18446744073709551616", 2.0**64),
        ("-99999999999999999999", -1e20),
        ("9" * 30, 1e30),
        ("1e999", math.inf),
        ("-inf", -math.inf),
    ],
)
def test_numbers(text: str, value: float) -> None:
    assert read_number(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "1_001", "0x10", "1,5", "1 000", "nan", "abc", "١٢", "--1", "1e", ".", "+", "1.2.3", "½", "42 yrs", "1d5"],
)
def test_what_is_no_number(text: str) -> None:
    assert read_number(text) is None


def test_a_decimal_comma_takes_the_place_of_the_point() -> None:
    assert read_number("-0,043", ",") == -0.043
    assert read_number("1,5e3", ",") == 1500
    assert read_number("0.5", ",") is None
    assert read_numbers(["1,5", "", "NA", "2"], ",") is not None


def test_a_column_holds_numbers_or_missing_values_throughout() -> None:
    column = read_numbers(["1", "", "NA", "-2e3", "null"])
    assert column is not None
    np.testing.assert_array_equal(column, [1, np.nan, np.nan, -2000, np.nan])
    assert read_numbers(["1", "n/a"]) is None
    assert read_numbers(["1", "1_0"]) is None
    assert read_numbers(["1", "e"]) is None
    assert read_numbers(["+", "1"]) is None


@given(st.lists(st.text(alphabet="0123456789+-.eE", max_size=6)))
def test_the_quick_way_is_the_rule(texts: list[str]) -> None:
    quick = numbers._read_plain(texts)
    expected = [math.nan if not text else read_number(text) for text in texts]
    assert (quick is None) == (None in expected)
    if quick is not None:
        np.testing.assert_array_equal(quick, np.array(expected, dtype=float))
