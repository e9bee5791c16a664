"""A tensor's elements: numbers and texts, from JSON and from binary data, and back into binary data. Pure.

Binary tensors are little-endian and row-major; an element of type BYTES is a 4-byte length and that many bytes.
"""

from __future__ import annotations

import functools
import reprlib
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.errors import Mistake
from service.server.protocol.bodies import Body

_NUMBERS = {float, int}
_NUMBERS_AND_NULL = {float, int, type(None)}
_DTYPES = {"FP32": "<f4", "FP64": "<f8", "INT32": "<i4", "INT64": "<i8"}


def read_data(
    data: Any, datatype: str, size: int, truths: bool, mistakes: list[Mistake], *, nulls: bool = False
) -> NDArray[Any] | None:
    """The flat elements of a JSON tensor, which may come flat or nested by row.

    `truths`: whether the body may hold a true or a false, which `struct` would take for numbers. `nulls`: whether a
    number may be missing.
    """
    if type(data) is not list:
        mistakes.append(Mistake("inputs[0].data", "must be a list"))
        return None
    if data and type(data[0]) is list:
        if not all(type(row) is list for row in data):
            mistakes.append(Mistake("inputs[0].data", "mixes rows and single values"))
            return None
        data = [value for row in data for value in row]
    if len(data) != size:
        mistakes.append(Mistake("inputs[0].data", f"holds {len(data)} values, its shape says {size}"))
        return None
    if datatype == "BYTES":
        return _texts(data, mistakes)
    if not truths and (quick := _as_numbers(data)) is not None:
        return quick
    allowed = _NUMBERS_AND_NULL if nulls else _NUMBERS
    if not set(map(type, data)) <= allowed:
        wrong = next(n for n, value in enumerate(data) if type(value) not in allowed)
        mistakes.append(Mistake(f"inputs[0].data[{wrong}]", f"is {shorten(data[wrong])}, not a number"))
        return None
    return np.array(data, dtype=np.float64)


def _as_numbers(data: list[Any]) -> NDArray[np.float64] | None:
    """All numbers, as `struct` itself finds out while it packs them, in a sixth of numpy's time; else None."""
    try:
        return np.frombuffer(struct.pack(f"{len(data)}d", *data))
    except (struct.error, OverflowError):  # something else, or a whole number that no double holds
        return None


def _texts(data: Sequence[Any], mistakes: list[Mistake]) -> NDArray[Any] | None:
    for number, value in enumerate(data):
        if type(value) is not str:
            mistakes.append(Mistake(f"inputs[0].data[{number}]", f"is {shorten(value)}, not a text"))
            return None
    return np.array(data, dtype=np.object_)


def read_binary(
    tensor: Mapping[str, Any],
    datatype: str,
    size: int,
    binary_size: Any,
    tail: Body,
    mistakes: list[Mistake],
    of: str = "inputs[0]",
) -> NDArray[Any] | None:
    """The flat elements of a binary tensor; `of` is the place of the input in the request."""
    place = f"{of}.parameters.binary_data_size"
    if tensor.get("data") is not None:
        mistakes.append(Mistake(f"{of}.data", "is given beside binary data"))
    if type(binary_size) is not int or binary_size != len(tail):
        mistakes.append(Mistake(place, f"is {shorten(binary_size)}, but {len(tail)} bytes follow the JSON"))
        return None
    if datatype == "BYTES":
        return _read_binary_texts(tail, size, of, mistakes)
    dtype = np.dtype(_DTYPES[datatype])
    if len(tail) != size * dtype.itemsize:
        mistakes.append(Mistake(place, f"is {len(tail)}, the shape and datatype say {size * dtype.itemsize}"))
        return None
    return np.frombuffer(tail, dtype)


def _read_binary_texts(tail: Body, size: int, of: str, mistakes: list[Mistake]) -> NDArray[Any] | None:
    texts: list[str] = []
    position = 0
    try:
        while position < len(tail):
            (length,) = struct.unpack_from("<I", tail, position)
            chunk = tail[position + 4 : position + 4 + length]
            if len(chunk) != length:
                raise ValueError("an element is cut off")
            texts.append(chunk.decode())
            position += 4 + length
    except (struct.error, ValueError) as error:
        mistakes.append(Mistake(of, f"its binary elements cannot be read: {error}"))
        return None
    if len(texts) != size:
        mistakes.append(Mistake(of, f"holds {len(texts)} elements, its shape says {size}"))
        return None
    return np.array(texts, dtype=np.object_)


class _Short(reprlib.Repr):
    """A value as text, of bounded length and depth however large the value is."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxlist, self.maxdict, self.maxstring, self.maxother = 3, 4, 3, 40, 40


_SHORT = _Short()


def shorten(value: object) -> str:
    """A caller's value for a message."""
    text = _SHORT.repr(value)
    return text if len(text) <= 40 else text[:39] + "…"


def encode_bytes(texts: Iterable[str]) -> bytes:
    """The binary data of a BYTES tensor of labels."""
    return b"".join(map(_encode_label, texts))


def encode_element(text: str) -> bytes:
    """One element of a BYTES tensor's binary data."""
    raw = text.encode()
    return struct.pack("<I", len(raw)) + raw


# Labels, mostly: a handful of texts, asked for by the million. Callers' texts are not kept: they may be long.
_encode_label = functools.lru_cache(maxsize=1024)(encode_element)
