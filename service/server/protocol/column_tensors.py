"""A request of one tensor a column: numbers as FP64, FP32, INT64 or INT32, texts as BYTES; JSON and binary. Pure.

In JSON a missing value is null; in binary data NaN, or for a text the empty one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from service.bundle.columns import WHOLE, Column, InputSpec
from service.bundle.rows import Rows, read_column
from service.errors import Mistake
from service.server.protocol.bodies import Body
from service.server.protocol.problems import MOST_MISTAKES, TOO_LARGE, Problem
from service.server.protocol.tensor_elements import read_binary, shorten

DATATYPES = ("FP64", "FP32", "INT64", "INT32")  # in which a column of numbers may come
_INTEGERS = ("INT64", "INT32")


def read_columns(
    spec: InputSpec, inputs: Sequence[Any], tail: Body, max_rows: int, mistakes: list[Mistake]
) -> Rows | None:
    """Rows [n, columns] of one tensor for each column, in any order; None when a mistake was found."""
    given = _index(spec, inputs, mistakes)
    counts = {_count_rows(tensor, place, max_rows, mistakes) for place, tensor in given.values()}
    if not mistakes and len(counts) > 1:
        said = " and ".join(map(str, sorted(counts)))
        mistakes.append(Mistake("inputs", f"hold {said} rows; each must hold as many"))
    if mistakes:
        return None
    tails = _share(inputs, tail, mistakes)
    rows = np.empty((counts.pop(), len(spec.columns)), dtype=np.object_)
    for number, column in enumerate(spec.columns):
        place, tensor = given[column.name]
        data = _read_data(column, tensor, f"inputs[{place}]", len(rows), tails.get(place), mistakes)
        if data is not None:
            _fill(rows, spec, number, tensor, data, mistakes)
    if mistakes:
        return None
    return rows.astype(np.float64) if spec.dtype != "object" else rows


def _index(spec: InputSpec, inputs: Sequence[Any], mistakes: list[Mistake]) -> dict[str, tuple[int, Mapping[str, Any]]]:
    """Each column's tensor with its place among the inputs."""
    given: dict[str, tuple[int, Mapping[str, Any]]] = {}
    for place, tensor in enumerate(inputs):
        name = tensor.get("name") if type(tensor) is dict else None
        if type(name) is not str or name not in spec.places:
            mistakes.append(Mistake(f"inputs[{place}].name", f"is {shorten(name)}, not a column of this model"))
        elif name in given:
            mistakes.append(Mistake(f"inputs[{place}].name", f"is {shorten(name)}, which is given twice"))
        else:
            given[name] = (place, tensor)
        if len(mistakes) >= MOST_MISTAKES:
            break
    absent = [name for name in spec.features if name not in given]
    mistakes += [Mistake("inputs", f"has no tensor for the column {name!r}") for name in absent[:MOST_MISTAKES]]
    return given


def _count_rows(tensor: Mapping[str, Any], place: int, max_rows: int, mistakes: list[Mistake]) -> int:
    shape = tensor.get("shape")
    fits = type(shape) is list and shape[1:] in ([], [1]) and len(shape) > 0 and type(shape[0]) is int and shape[0] > 0
    if not fits or not isinstance(shape, list):
        mistakes.append(Mistake(f"inputs[{place}].shape", f"is {shorten(shape)}; it must be [rows, 1] or [rows]"))
        return 0
    if shape[0] > max_rows:
        raise Problem(
            TOO_LARGE, f"{shape[0]} rows are over the limit of {max_rows} in a request", hint="send several requests"
        )
    return int(shape[0])


def _share(inputs: Sequence[Mapping[str, Any]], tail: Body, mistakes: list[Mistake]) -> dict[int, Body]:
    """The binary data of each input that has some: they follow one another in the order of the inputs."""
    tails: dict[int, Body] = {}
    start = 0
    for place, tensor in enumerate(inputs):
        parameters = tensor.get("parameters")
        size = parameters.get("binary_data_size") if type(parameters) is dict else None
        if size is None:
            continue
        if type(size) is not int or size < 0:
            mistakes.append(Mistake(f"inputs[{place}].parameters.binary_data_size", f"is {shorten(size)}"))
            return {}
        tails[place] = tail[start : start + size]
        start += size
    if start != len(tail):
        mistakes.append(Mistake("inputs", f"say {start} binary bytes, but {len(tail)} follow the JSON"))
    return tails


def _read_data(
    column: Column, tensor: Mapping[str, Any], place: str, count: int, tail: Body | None, mistakes: list[Mistake]
) -> Sequence[Any] | None:
    """The elements of one tensor, not yet read as values; None when a mistake was found."""
    datatype = tensor.get("datatype")
    allowed = DATATYPES if column.is_numeric else ("BYTES",)
    if datatype not in allowed:
        said = f"is {shorten(datatype)}; the column {column.name} takes {' or '.join(allowed)}"
        mistakes.append(Mistake(f"{place}.datatype", said))
        return None
    if tail is not None:
        binary = read_binary(tensor, str(datatype), count, len(tail), tail, mistakes, place)
        return None if binary is None else binary.tolist()
    data = tensor.get("data")
    if type(data) is list and data and all(type(row) is list and len(row) == 1 for row in data):
        data = [row[0] for row in data]
    if type(data) is not list or len(data) != count:
        said = f"holds {len(data)} values, its shape says {count}" if type(data) is list else "must be a list"
        mistakes.append(Mistake(f"{place}.data", said))
        return None
    return data


def _fill(
    rows: Rows, spec: InputSpec, number: int, tensor: Mapping[str, Any], data: Sequence[Any], mistakes: list[Mistake]
) -> None:
    column = spec.columns[number]
    if column.is_numeric:
        column = replace(column, type=WHOLE) if tensor["datatype"] in _INTEGERS else column
        texts = (f"row {row}, {column.name}" for row, value in enumerate(data) if type(value) is str)
        if found := next(texts, None):
            mistakes.append(Mistake(found, "is a text, not a number", "a number stands without quotation marks"))
            return
    rows[:, number], wrong = read_column(column, data, spec.largest[number], MOST_MISTAKES)
    mistakes += [Mistake(f"row {row}, {column.name}", why) for row, why in wrong]


def read_written(texts: Rows, spec: InputSpec, mistakes: list[Mistake]) -> Rows | None:
    """Texts as a file has them, [n, columns], as rows; None when one cannot be read."""
    rows = np.empty(texts.shape, dtype=np.object_)
    for place, column in enumerate(spec.columns):
        rows[:, place], wrong = read_column(column, texts[:, place].tolist(), spec.largest[place], MOST_MISTAKES)
        mistakes += [Mistake(f"row {row}, {column.name}", why) for row, why in wrong]
        if len(mistakes) >= MOST_MISTAKES:
            break
    return None if mistakes else rows
