"""Which texts mean that a value is missing: one rule for training, for a scored file and for the endpoint.

Letters' case counts: `none` may be a category where `None` is what a program writes for nothing. What training saw as a
category is never missing, however it is spelt.
"""

from __future__ import annotations

from collections.abc import Collection

SPELLINGS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")

CATEGORY = ""  # a text that is missing; a graph of categories has one of its own for it

_SPELLINGS = frozenset(SPELLINGS)


def is_missing(text: str, categories: Collection[str] = ()) -> bool:
    """Whether a text means nothing; `categories` are those that training saw in the column."""
    return text in _SPELLINGS and text not in categories
