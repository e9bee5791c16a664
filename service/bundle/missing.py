"""Which texts mean that a value is missing: one rule for training, for a scored file and for the endpoint.

Letters' case counts: `none` may be a category where `None` is what a program writes for nothing. What training saw as a
category is never missing, however it is spelt.
"""

from __future__ import annotations

from collections.abc import Collection

SPELLINGS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")

# How a model of texts is told: its graph reads a number out of the text, and has "" for a category of its own.
NUMBER = "nan"
CATEGORY = ""

_SPELLINGS = frozenset(SPELLINGS)


def spellings(numeric: bool, categories: Collection[str] = ()) -> dict[str, str]:
    """What a model of texts has to be told instead of each text of a column that means nothing."""
    known = NUMBER if numeric else CATEGORY
    seen = () if numeric else categories
    return {text: known for text in SPELLINGS if text != known and text not in seen}


def is_missing(text: str, categories: Collection[str] = ()) -> bool:
    """Whether a text means nothing; `categories` are those that training saw in the column."""
    return text in _SPELLINGS and text not in categories
