"""One value by the type of its column, however it is written."""

from __future__ import annotations

import math

import pytest

from service.bundle.columns import CATEGORY, FLOAT32_MAX, NUMBER, TEXT, WHOLE, Column
from service.bundle.missing import SPELLINGS
from service.bundle.values import ABSENT, check_number, is_unseen, read_value

NONE = (None, "", " ", *SPELLINGS)


def _read(column: Column, value: object) -> tuple[float | str, str]:
    return read_value(column, value, FLOAT32_MAX)


@pytest.mark.parametrize("kind", [NUMBER, WHOLE])
@pytest.mark.parametrize("value", NONE)
def test_a_missing_number_is_nan_where_training_saw_one_and_else_refused(kind: str, value: object) -> None:
    number, wrong = _read(Column("c", kind, missing=True), value)
    assert isinstance(number, float)
    assert (math.isnan(number), wrong) == (True, "")
    assert _read(Column("c", kind), value)[1] == ABSENT


@pytest.mark.parametrize("value", NONE)
def test_a_missing_category_is_empty_where_training_saw_one_and_else_refused(value: object) -> None:
    assert _read(Column("c", CATEGORY, missing=True), value) == ("", "")
    assert _read(Column("c", CATEGORY), value)[1] == ABSENT


@pytest.mark.parametrize("text", ["none", "gold", "ein Satz"])
def test_a_category_that_training_never_saw_is_taken(text: str) -> None:
    assert _read(Column("c", CATEGORY, categories=("basic",)), f" {text}\t") == (text, "")


def test_a_category_that_training_saw_is_never_missing() -> None:
    assert _read(Column("c", CATEGORY, categories=("NA",)), "NA") == ("NA", "")


@pytest.mark.parametrize("text", ["NA", "null", "None"])
def test_free_text_is_missing_only_where_there_is_none(text: str) -> None:
    assert _read(Column("c", TEXT), text) == (text, "")
    assert _read(Column("c", TEXT), "  ")[1] == ABSENT


@pytest.mark.parametrize(
    ("value", "number"),
    [(1, 1.0), (-2.5, -2.5), ("3e2", 300.0), (" 7 ", 7.0), (10**400, math.inf), (-(10**400), -math.inf)],
)
def test_a_number_is_read(value: object, number: float) -> None:
    assert _read(Column("c"), value)[0] == number


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("abc", "is 'abc', not a number"),
        ("39,1", "is '39,1', not a number"),
        ("x" * 1000, f"is '{'x' * 38}…, not a number"),
        ("inf", "is 'inf', beyond what the model can hold"),
        (1e39, "is 1e+39, beyond what the model can hold"),
        (-(10**400), "is -inf, beyond what the model can hold"),
        (True, "must be a number"),
        ([], "must be a number"),
    ],
)
def test_what_is_no_number_is_told(value: object, why: str) -> None:
    assert _read(Column("c"), value)[1] == why


@pytest.mark.parametrize("value", [7, 1.5, False, [], {}])
def test_what_is_no_text_is_told(value: object) -> None:
    assert _read(Column("c", CATEGORY), value)[1] == "must be a text"
    assert _read(Column("c", TEXT), value)[1] == "must be a text"


def test_a_whole_number_has_no_fraction() -> None:
    assert check_number(Column("c", WHOLE), 3.0, FLOAT32_MAX) == ""
    assert check_number(Column("c", WHOLE), 3.5, FLOAT32_MAX) == "is 3.5, not a whole number, and training saw no other"


def test_a_category_is_unseen_where_it_is_known_what_training_saw() -> None:
    column = Column("c", CATEGORY, categories=("basic",))
    assert [is_unseen(column, text) for text in ("basic", "gold", "")] == [False, True, False]
    assert not is_unseen(Column("c", CATEGORY), "gold")
    assert not is_unseen(Column("c", TEXT), "gold")
