"""Rows as arrays: read and checked by column, and put into the tensors of a model's graph. numpy only.

Rows are [n, columns]: numbers alone as an array of numbers, NaN for what is missing; else objects, each a float or a
text, as `service.bundle.values` has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.bundle.columns import CATEGORY, WHOLE, Column, InputSpec, datatype_of
from service.bundle.numbers import LONGEST, PLAIN
from service.bundle.text import normalise
from service.bundle.values import clean_text, read_value

Rows = NDArray[Any]
Wrong = tuple[int, int, str]  # row, column, and what is wrong there

_DTYPES = {"FP32": np.float32, "FP64": np.float64, "INT32": np.int32, "INT64": np.int64, "BYTES": np.object_}
_NUMBERS = {int, float}
_MOST_TEXTS = 32  # rows of free text at a time


def read_rows(spec: InputSpec, rows: Sequence[Sequence[object]], most: int = 20) -> tuple[Rows, list[Wrong]]:
    """Rows of values as JSON or a file has them, each of one length; and the first `most` values that do not fit."""
    read = np.empty((len(rows), len(spec.columns)), dtype=np.object_)
    wrong: list[Wrong] = []
    for place, values in enumerate(zip(*rows, strict=True)):
        read[:, place], found = read_column(spec.columns[place], values, spec.largest[place], most - len(wrong))
        wrong += [(row, place, why) for row, why in found]
    return (read.astype(np.float64) if spec.is_numeric else read), sorted(wrong)


def read_column(
    column: Column, values: Sequence[object], largest: float, most: int = 20
) -> tuple[Sequence[float | str] | NDArray[np.float64], list[tuple[int, str]]]:
    """The values of one column as the model takes them, and the first `most` that do not fit: row, and why."""
    quick = _read_quickly(column, values, largest)
    if quick is not None:
        return quick, []
    read: list[float | str] = []
    wrong: list[tuple[int, str]] = []
    for row, value in enumerate(values):
        taken, why = read_value(column, value, largest)
        read.append(taken)
        if why and len(wrong) < most:
            wrong.append((row, why))
    return read, wrong


def _read_quickly(
    column: Column, values: Sequence[object], largest: float
) -> Sequence[float | str] | NDArray[np.float64] | None:
    """A column in which every value fits, without looking at each; None when that is not sure."""
    types = set(map(type, values))
    if not column.is_numeric:
        if types != {str}:
            return None
        texts = [clean_text(column, str(text)) for text in values]
        return texts if column.missing or all(texts) else None
    numbers = _as_floats(values, types)
    return None if numbers is None or find_wrong_numbers(column, numbers, largest).any() else numbers


def _as_floats(values: Sequence[Any], types: set[type]) -> NDArray[np.float64] | None:
    try:
        if types <= _NUMBERS:
            return np.array(values, dtype=np.float64)
        if types == {str} and not "".join(values).translate(PLAIN) and max(map(len, values)) <= LONGEST:
            return np.array([float(text or "nan") for text in values])
    except (ValueError, OverflowError):
        return None
    return None


def find_wrong_numbers(column: Column, numbers: NDArray[np.float64], largest: float) -> NDArray[np.bool_]:
    """Which numbers of a column do not fit it, [n]."""
    fits = np.abs(numbers) <= largest
    if column.missing:
        fits |= np.isnan(numbers)
    if column.type == WHOLE:
        fits &= (numbers == np.floor(numbers)) | np.isnan(numbers)
    return np.asarray(~fits)


def find_wrong(spec: InputSpec, rows: Rows, most: int) -> list[tuple[int, int]]:
    """Row and column of the first numbers that do not fit their columns, in rows of numbers alone."""
    # Comparing the extremes finds NaN, infinity and overflow at once, as NaN compares false.
    if not rows.size or (not spec.whole and rows.max() <= spec.least and rows.min() >= -spec.least):
        return []
    fits = np.abs(rows) <= np.array(spec.largest)
    fits |= np.isnan(rows) & np.array([column.missing for column in spec.columns])
    if spec.whole:
        whole = rows[:, spec.whole]
        fits[:, spec.whole] &= (whole == np.floor(whole)) | np.isnan(whole)
    return [(int(row), int(place)) for row, place in np.argwhere(~fits)[:most]] if not fits.all() else []


def render_rows(spec: InputSpec, rows: Rows) -> list[dict[str, Any]]:
    """Rows as the tensors of a request in JSON: missing numbers as null, whole numbers without a point."""
    if spec.dtype != "object" and spec.is_single:
        data = [None if value != value else value for value in rows.ravel().tolist()]
        return [{"name": spec.name, "shape": list(rows.shape), "datatype": spec.datatype, "data": data}]
    columns = zip(spec.columns, rows.T, strict=True)
    return [
        {"name": c.name, "shape": [len(rows), 1], "datatype": datatype_of(c), "data": _render(c, values.tolist())}
        for c, values in columns
    ]


def _render(column: Column, values: list[Any]) -> list[Any]:
    if not column.is_numeric:
        return [text or None for text in values] if column.type == CATEGORY else values
    whole = datatype_of(column) == "INT64"
    return [None if value != value else int(value) if whole else value for value in values]


def prepare_text(text: str) -> str:
    """A free text as the graph takes it. Everything that is done to one outside the graph is done here."""
    return normalise(text)


def prepare_rows(spec: InputSpec, rows: Rows) -> Rows:
    """Rows with their free text as the graph takes it; the caller's own stay as they are."""
    if not spec.texts:
        return rows
    prepared = rows.copy()
    for place in spec.texts:
        prepared[:, place] = [prepare_text(text) for text in rows[:, place]]
    return prepared


def part_rows(spec: InputSpec, rows: Rows) -> Iterator[Rows]:
    """Rows as many at a time as a graph may be given: all, but few of free text.

    A graph of text has a number for each of its n-grams and each row, and a row in a megabyte may be three bytes long.
    """
    size = _MOST_TEXTS if spec.texts else max(1, len(rows))
    return (rows[start : start + size] for start in range(0, len(rows), size))


def split_rows(spec: InputSpec, rows: Rows) -> dict[str, NDArray[Any]]:
    """Prepared rows as the tensors of the graph, by name."""
    if spec.is_ordered and not spec.is_written:
        return {spec.tensors[0].name: rows.astype(_DTYPES[spec.tensors[0].datatype], copy=False)}
    return {tensor.name: _gather(spec, tensor.columns, tensor.datatype, rows) for tensor in spec.tensors}


def _gather(spec: InputSpec, names: Sequence[str], datatype: str, rows: Rows) -> NDArray[Any]:
    places = [spec.places[name] for name in names]
    part = rows[:, places]
    if datatype != "BYTES":
        return part.astype(_DTYPES[datatype])
    for place, column in enumerate(spec.columns[place] for place in places):
        if column.is_numeric:  # the graph reads it, and knows a missing one by the letters nan
            part[:, place] = [repr(float(number)) for number in part[:, place]]
    return part
