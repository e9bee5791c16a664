"""What a number is in a table: the rule of `service.bundle.numbers`, with a point or the file's decimal comma."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.bundle import missing, numbers
from service.bundle.columns import FLOAT32_MAX as LARGEST

__all__ = ["LARGEST", "read_number", "read_numbers"]


def read_number(text: str, decimal: str = ".") -> float | None:
    """The number that a field says, None where it says none. A missing value is none."""
    return numbers.read_number(_swap_decimal(text) if decimal == "," else text)


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
    if "".join(texts).translate(numbers.PLAIN):
        return None
    try:
        return np.array([float(text or "nan") for text in texts])
    except ValueError:
        return None


def _swap_decimal(text: str) -> str:
    """A number with a decimal comma as one with a point; one with a point as what is none."""
    return text.translate({ord(","): ".", ord("."): ","})
