"""One value of a column, as a model takes it: one rule for training, for a scored file and for the endpoint.

A number that is missing is NaN, a text that is missing is empty. Blanks around a text do not count. Standard library
only.
"""

from __future__ import annotations

import math

from service.bundle import missing
from service.bundle.columns import CATEGORY, TEXT, WHOLE, Column
from service.bundle.numbers import read_number

ABSENT = "is missing, and training saw no row without it"
UNSEEN = "is {}, which training never saw"
_SHOWN = 40


def read_value(column: Column, value: object, largest: float) -> tuple[float | str, str]:
    """A value of JSON or of a file as the model takes it, and why it cannot: empty where it can.

    `largest` is what the column's tensor holds. A text in a column of numbers is read as a written number.
    """
    if column.is_numeric:
        number, wrong = _read_number(value)
        return number, wrong or check_number(column, number, largest, show(value) if isinstance(value, str) else "")
    return _read_text(column, value)


def check_number(column: Column, number: float, largest: float, written: str = "") -> str:
    """Why a number cannot be taken; empty where it can. `written` is how it was, where it was."""
    if math.isnan(number):
        return "" if column.missing else ABSENT
    if not abs(number) <= largest:
        return f"is {written or f'{number:g}'}, beyond what the model can hold"
    if column.type == WHOLE and number != math.floor(number):
        return f"is {written or f'{number:g}'}, not a whole number, and training saw no other"
    return ""


def is_unseen(column: Column, value: object) -> bool:
    """Whether a value is a category that training never saw: the model knows nothing of it."""
    return column.type == CATEGORY and bool(column.categories) and bool(value) and value not in column.categories


def show(value: object) -> str:
    """A caller's text for a message, of bounded length."""
    text = repr(value[: _SHOWN + 1]) if isinstance(value, str) else type(value).__name__
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _read_number(value: object) -> tuple[float, str]:
    if value is None:
        return math.nan, ""
    if isinstance(value, str):
        text = value.strip()
        number = math.nan if missing.is_missing(text) else read_number(text)
        return (math.nan, f"is {show(value)}, not a number") if number is None else (number, "")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan, "must be a number"
    try:
        return float(value), ""
    except OverflowError:
        return (math.inf if value > 0 else -math.inf), ""


def _read_text(column: Column, value: object) -> tuple[str, str]:
    if value is not None and not isinstance(value, str):
        return "", "must be a text"
    text = clean_text(column, value or "")
    return text, ABSENT if not text and not column.missing else ""


def clean_text(column: Column, text: str) -> str:
    """A text without the blanks around it; a spelling of a missing value is the empty one.

    What training saw as a category is never missing, and free text is missing only where there is none.
    """
    stripped = text.strip()
    return "" if column.type != TEXT and missing.is_missing(stripped, column.categories) else stripped
