"""Columns that tell rows apart instead of telling something of them: row numbers, keys, names.

A model learns them by heart. Where a file is sorted by its label, a row number even gives the label away, on held-out
rows too, and nothing of that is left in rows to come.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LEAST_ROWS = 8  # of fewer, some column rises by chance
_MOST_MISSING = 0.05
# Of n numbers drawn from a range of R, none is twice with a probability of about exp(-n^2 / 2R); here below 1e-5.
_CHANCE = 12.0
_LONG_DIGITS = 9
_EXACT = 2.0**53  # above, a float cannot tell neighbouring whole numbers apart
_NAMES = re.compile(
    r"(?:^|[^a-z])(?:id|ids|idx|index|row|rowid|row.?(?:id|number|num|nr|no)|nr|no|record|serial|uuid|guid|key)$"
)
_LONG = re.compile(r"[+-]?[0-9]{16,}", re.ASCII)
_CAMEL_NAME = re.compile(r"[a-z](?:Id|ID|Idx|Index|Key|Nr|No)$")
_FEW_TEXTS = 20
_TIMES_OF_A_CATEGORY = 10  # how often a text is there, on average, that is a category, however long
_WORDS_OF_TEXT, _WORDS_OF_A_TITLE = 6, 2
_SIGNS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")  # Thai to Han


def name_numbers(name: str, values: NDArray[np.float64]) -> str:
    """Why a column of numbers [rows] identifies its rows; "" where it does not."""
    present = values[np.isfinite(values)]
    if len(present) < max(LEAST_ROWS, (1 - _MOST_MISSING) * len(values)) or not (present == np.floor(present)).all():
        return ""
    distinct = len(np.unique(present))
    if distinct < len(present):
        most = distinct > len(present) / 2 and distinct > 20
        return f"is named like an identifier, and holds {distinct} different values" if most and _is_key(name) else ""
    return _name_order(present) or _name_spread(name, present)


def name_long_numbers(texts: Sequence[str]) -> str:
    """Why whole numbers too long for a float, as they stand in the file, identify their rows."""
    long = [text for text in texts if _LONG.fullmatch(text)]
    distinct = len(set(long))
    enough = len(long) >= LEAST_ROWS and distinct > len(texts) / 2
    return f"holds {distinct} different numbers of more than 15 digits: an identifier" if enough else ""


def are_long(values: NDArray[np.float64]) -> bool:
    """Whether some are whole numbers of which a float keeps only the first digits."""
    return bool((np.abs(values[np.isfinite(values)]) >= _EXACT).any())


def name_texts(texts: Sequence[str]) -> str:
    """Why a column of text identifies its rows; "" where it does not."""
    distinct = len(set(texts))
    if distinct <= max(_FEW_TEXTS, len(texts) // 2):
        return ""
    return f"holds {distinct} different texts in {len(texts)} rows: an identifier tells nothing of new rows"


def is_free_text(texts: Sequence[str], *, sure: bool = False) -> bool:
    """Whether a column holds sentences rather than names, codes or categories.

    `sure`: somebody said that it is to be learnt from; of what would be an identifier a few words are text then.
    """
    distinct = len(set(texts))
    if distinct <= max(_FEW_TEXTS, len(texts) // _TIMES_OF_A_CATEGORY):
        return False
    if sure and name_texts(texts):
        return sum(map(_count_names, texts)) >= _WORDS_OF_A_TITLE * len(texts)
    return sum(map(_count_words, texts)) >= _WORDS_OF_TEXT * len(texts)


def _count_words(text: str) -> float:
    """Words between blanks; of scripts written without any, two signs are counted as one."""
    return len(text.split()) + len(_SIGNS.findall(text)) / 2


def _count_names(text: str) -> int:
    return sum(1 for word in text.split() if any(map(str.isalpha, word)))


def _name_order(present: NDArray[np.float64]) -> str:
    steps = np.diff(present)
    example = ", ".join(f"{value:.0f}" for value in present[:3])
    if (steps == 1).all() or (steps == -1).all():
        return f"counts the rows ({example} …)"
    if (steps > 0).all():
        return f"rises with the rows ({example} …)"
    return f"falls with the rows ({example} …)" if (steps < 0).all() else ""


def _name_spread(name: str, present: NDArray[np.float64]) -> str:
    """Whole numbers of which none is there twice: keys, unless chance explains it."""
    span = float(present.max() - present.min()) + 1
    if _is_key(name) or len(present) ** 2 / (2 * span) > _CHANCE:
        return "is another whole number in each row: an identifier"
    digits = {len(f"{abs(value):.0f}") for value in (present.min(), present.max())}
    if len(digits) == 1 and min(digits) >= _LONG_DIGITS and (present > 0).all():
        return f"is another number of {min(digits)} digits in each row: an identifier"
    return ""


def _is_key(name: str) -> bool:
    return bool(_NAMES.search(name.lower()) or _CAMEL_NAME.search(name))
