"""The columns by which rows are parted: a group that stays together, a time that goes forward."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from service.bundle import missing
from service.errors import Mistake
from service.tables.written import parse_written

Texts = NDArray[np.object_]
Lines = NDArray[np.int64]


def read_groups(texts: Texts, column: str, lines: Lines, mistakes: list[Mistake]) -> NDArray[np.intp]:
    """A number for each row, the same for rows of one value. A row without a value is a mistake."""
    _note_missing(texts, column, lines, mistakes)
    return np.asarray(pd.factorize(texts)[0], dtype=np.intp)


def read_times(texts: Texts, column: str, lines: Lines, mistakes: list[Mistake]) -> NDArray[np.float64]:
    """Numbers, or dates as days since 1970. A row without one, or with one that is neither, is a mistake."""
    _note_missing(texts, column, lines, mistakes)
    read = [parse_written(text) for text in texts]
    wrong = [row for row, value in enumerate(read) if value is None and not missing.is_missing(texts[row])]
    if wrong:
        what = f"holds {texts[wrong[0]]!r} in line {lines[wrong[0]]}, which is no number and no ISO date"
        mistakes.append(Mistake(f"column {column}", what, "write times as 2024-03-01T12:00, or as numbers"))
    return np.array([np.nan if value is None else value for value in read], dtype=np.float64)


def _note_missing(texts: Texts, column: str, lines: Lines, mistakes: list[Mistake]) -> None:
    absent = [int(line) for text, line in zip(texts, lines, strict=True) if missing.is_missing(text)]
    if absent:
        what = f"has no value in line {absent[0]}{f' and {len(absent) - 1} more' if len(absent) > 1 else ''}"
        mistakes.append(Mistake(f"column {column}", what, "rows are parted by it: drop those rows"))
