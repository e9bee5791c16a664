"""What a number is in a table: one rule for training and for prediction.

ASCII digits with a point (or the file's decimal comma), a sign, an exponent; `inf` is one that no model can take.
`1_000`, `0x10`, Arabic digits and `nan` are none: Python's `float` takes them, other programs do not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.bundle import missing

LARGEST = float(np.finfo(np.float32).max)
_NUMBER = re.compile(
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf(?:inity)?)", re.ASCII | re.IGNORECASE
)
_PLAIN = dict.fromkeys(map(ord, "0123456789+-.eE"))  # of these characters `float` makes what the rule says


def read_number(text: str, decimal: str = ".") -> float | None:
    """The number that a field says, None where it says none. A missing value is none."""
    if decimal == ",":
        text = _swap_decimal(text)
    return float(text) if _NUMBER.fullmatch(text) else None


def read_numbers(texts: Sequence[str], decimal: str = ".") -> NDArray[np.float64] | None:
    """A column as float64 (missing: NaN), None where a field is neither a number nor missing."""
    quick = _read_plain(texts) if decimal == "." else None
    if quick is not None:
        return quick
    values = np.empty(len(texts))
    for place, text in enumerate(texts):
        value = read_number(text, decimal)
        if value is None:
            if not missing.is_missing(text):
                return None
            value = np.nan
        values[place] = value
    return values


def _read_plain(texts: Sequence[str]) -> NDArray[np.float64] | None:
    """The quick way, where no field holds a letter but an exponent's."""
    if "".join(texts).translate(_PLAIN):
        return None
    try:
        return np.array([float(text or "nan") for text in texts])
    except ValueError:
        return None


def _swap_decimal(text: str) -> str:
    """A number with a decimal comma as one with a point; one with a point as what is none."""
    return text.translate({ord(","): ".", ord("."): ","})
