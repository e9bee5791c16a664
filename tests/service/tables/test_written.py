"""Columns that a person reads as numbers or dates are named; categories are not taken for them."""

from __future__ import annotations

import pytest

from service.tables.written import name_written, parse_written


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("1,037", "numbers with thousands separators"),
        ("1.234.567,89", "numbers with thousands separators"),
        ("1\u00a0037", "numbers with thousands separators"),
        ("1'037.50", "numbers with thousands separators"),
        ("1,00,000", "numbers with thousands separators"),
        ("1_001", "numbers with thousands separators"),
        ("$120.00", "numbers with a currency"),
        ("-$5", "numbers with a currency"),
        ("12 €", "numbers with a currency"),
        ("CHF 1'200", "numbers with a currency and thousands separators"),
        ("45%", "numbers with a per cent sign"),
        ("4.5 %", "numbers with a per cent sign"),
        ("0,5", "numbers with a decimal comma"),
        ("\u22125", "numbers with a minus sign that is not ASCII's"),
        ("\u00a05", "numbers with spaces that are not ASCII's"),
        ("(1,200)", "numbers with brackets for a minus sign and thousands separators"),
        ("2024-03-01", "dates or times"),
        ("2024-03-01T10:22:33Z", "dates or times"),
        ("1.3.2024", "dates or times"),
        ("12/31/99 11:59 PM", "dates or times"),
        ("2024/3/1", "dates or times"),
        ("23:59", "dates or times"),
    ],
)
def test_what_is_written_for_people_is_named(text: str, what: str) -> None:
    found = name_written([text, "7", text])
    assert found is not None
    assert (found.what, found.example, found.values) == (what, text, 2)
    assert str(found) == f"is {what}, such as {text!r}"


@pytest.mark.parametrize(
    "text", ["red", "10.0.0.1", "20-29", "1st", "T1", "1.2.3", "-", "", "1,2,3", "%", "$", "()", "45 %%", "1-2-3", "kr"]
)
def test_categories_stay_categories(text: str) -> None:
    assert name_written([text] * 3) is None


def test_a_column_of_plain_numbers_or_of_mostly_texts_is_not_named() -> None:
    assert name_written(["1", "2.5"]) is None
    assert name_written(["1,000", "red", "blue"]) is None
    assert name_written([]) is None


def test_the_commonest_way_of_writing_names_the_column() -> None:
    found = name_written(["$1.50", "$1,000.00", "$2,000.00"])
    assert found is not None
    assert found.what == "numbers with a currency and thousands separators"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7.5", 7.5),
        ("1,037", 1037),
        ("1.234.567,89", 1234567.89),
        ("-$1,200.50", -1200.5),
        ("45 %", 45),
        ("0,5", 0.5),
        ("\u22125", -5),
        ("(1,200)", -1200),
        ("1\u00a0037", 1037),
        ("1970-01-02", 1),
        ("1970-01-02T12:00", 1.5),
        ("1970-01-02 12:00:00Z", 1.5),
        ("1970-01-02T12:00:00+12:00", 1),
        ("1969-12-31", -1),
        ("1/2/2024", None),
        ("2024-02-31", None),
        ("12:30", None),
        ("red", None),
        ("", None),
    ],
)
def test_what_is_written_for_people_is_read_on_request(text: str, value: float | None) -> None:
    assert parse_written(text) == value
