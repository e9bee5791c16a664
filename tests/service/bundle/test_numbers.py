"""One rule of what a written number is."""

from __future__ import annotations

import math

import pytest

from service.bundle.numbers import LONGEST, read_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-1.5", -1.5),
        ("+.5", 0.5),
        ("1.", 1),
        ("1e5", 1e5),
        ("1E-3", 1e-3),
        ("1e999", math.inf),
        ("-Inf", -math.inf),
    ],
)
def test_a_number_is_read(text: str, value: float) -> None:
    assert read_number(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "\u0661\u0662",
        "1_000",
        "0x1A",
        " 1",
        "1 ",
        "1,5",
        "39,1",
        "42 yrs",
        "nan",
        "-nan",
        "-",
        "½",
        "1" * (LONGEST + 1),
    ],
)
def test_what_is_no_number_is_none(text: str) -> None:
    assert read_number(text) is None
