"""Texts that a model reads as numbers: checked before, as ONNX leaves the cast of any other text undefined. Pure.

The rule is that of training's tables: ASCII digits with a point, a sign, an exponent, within FP32; or a value that is
missing, in one of its spellings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.bundle import missing

_LARGEST = float(np.finfo(np.float32).max)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_PLAIN = dict.fromkeys(map(ord, "0123456789+-.eE"))  # of these characters alone `float` makes what the rule says
_LONGEST = 400  # characters of one number; `float` takes longer for longer ones


def find_unreadable(rows: NDArray[np.object_], columns: Sequence[int], most: int) -> list[tuple[int, int]]:
    """Row and column of texts [n, features] that are neither a number nor missing, in these columns; the first ones."""
    found: list[tuple[int, int]] = []
    for column in columns:
        texts = rows[:, column].tolist()
        if not _all_plain(texts):
            wrong = (row for row, text in enumerate(texts) if not _is_number(text) and not missing.is_missing(text))
            found += [(row, column) for row, _ in zip(wrong, range(most - len(found)), strict=False)]
        if len(found) >= most:
            break
    return found


def _all_plain(texts: list[str]) -> bool:
    """The quick way: whether every text is a number, where no text holds a letter but an exponent's."""
    if max(map(len, texts)) > _LONGEST or "".join(texts).translate(_PLAIN):
        return False
    try:
        return bool(np.abs(np.array([float(text or 0) for text in texts])).max() <= _LARGEST)
    except ValueError:
        return False


def _is_number(text: str) -> bool:
    return len(text) <= _LONGEST and _NUMBER.fullmatch(text) is not None and abs(float(text)) <= _LARGEST
