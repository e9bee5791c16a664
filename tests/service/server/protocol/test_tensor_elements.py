"""Elements of a tensor, from JSON and from bytes: what is taken, and what is said to everything else."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest

from service.errors import Mistake
from service.server.protocol.tensor_elements import encode_bytes, read_binary, read_data, shorten


def data(values: Any, datatype: str = "FP32", size: int = 2, truths: bool = False) -> tuple[Any, list[str]]:
    mistakes: list[Mistake] = []
    found = read_data(values, datatype, size, truths, mistakes)
    return None if found is None else found.tolist(), [str(mistake) for mistake in mistakes]


def binary(
    tail: bytes, datatype: str = "FP32", size: int = 2, said: Any = None, **tensor: Any
) -> tuple[Any, list[str]]:
    mistakes: list[Mistake] = []
    found = read_binary(tensor, datatype, size, len(tail) if said is None else said, tail, mistakes)
    return None if found is None else found.tolist(), [str(mistake) for mistake in mistakes]


@pytest.mark.parametrize("values", [[1, 2.5], [[1], [2.5]], [[1, 2.5]]])
def test_numbers_come_flat_or_by_row(values: Any) -> None:
    assert data(values) == ([1.0, 2.5], [])
    assert data(values, truths=True) == ([1.0, 2.5], [])


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"a": 1}, "inputs[0].data: must be a list"),
        ([[1], 2], "inputs[0].data: mixes rows and single values"),
        ([1], "inputs[0].data: holds 1 values, its shape says 2"),
        ([1, "2"], "inputs[0].data[1]: is '2', not a number"),
        ([None, 2], "inputs[0].data[0]: is None, not a number"),
        ([[[1], 2]], "inputs[0].data[0]: is [1], not a number"),
    ],
)
def test_what_is_no_number_is_named_with_its_place(values: Any, told: str) -> None:
    assert data(values) == (None, [told])


def test_true_is_not_taken_for_one() -> None:
    assert data([1.5, True], truths=True) == (None, ["inputs[0].data[1]: is True, not a number"])


def test_texts_are_texts() -> None:
    assert data(["a", ""], "BYTES") == (["a", ""], [])
    assert data(["a", 1], "BYTES") == (None, ["inputs[0].data[1]: is 1, not a text"])


@pytest.mark.parametrize(("datatype", "kind"), [("FP32", "<f4"), ("FP64", "<f8")])
def test_binary_numbers_are_little_endian(datatype: str, kind: str) -> None:
    assert binary(np.array([1.5, -2.0], dtype=kind).tobytes(), datatype) == ([1.5, -2.0], [])


def test_binary_texts_come_back_as_they_were_encoded() -> None:
    texts = ["", "grün", "x" * 300]
    assert binary(encode_bytes(texts), "BYTES", 3) == (texts, [])


PLACE = "inputs[0].parameters.binary_data_size"


@pytest.mark.parametrize(
    ("tail", "datatype", "said", "told"),
    [
        (b"1234", "FP32", 8, f"{PLACE}: is 8, but 4 bytes follow the JSON"),
        (b"1234", "FP32", True, f"{PLACE}: is True, but 4 bytes follow the JSON"),
        (b"1234", "FP32", 4, f"{PLACE}: is 4, the shape and datatype say 8"),
        (struct.pack("<I", 9) + b"cut", "BYTES", 7, "inputs[0]: its binary elements cannot be read: an element is cut"),
        (b"\0\0", "BYTES", 2, "inputs[0]: its binary elements cannot be read"),
        (struct.pack("<I", 1) + b"\xff", "BYTES", 5, "inputs[0]: its binary elements cannot be read"),
        (struct.pack("<I", 1) + b"a", "BYTES", 5, "inputs[0]: holds 1 elements, its shape says 2"),
    ],
)
def test_bytes_that_do_not_fit_are_refused(tail: bytes, datatype: str, said: Any, told: str) -> None:
    found, mistakes = binary(tail, datatype, said=said)
    assert found is None
    assert [mistake[: len(told)] for mistake in mistakes] == [told]


def test_data_beside_bytes_is_a_mistake() -> None:
    assert binary(b"12345678", data=[1, 2])[1] == ["inputs[0].data: is given beside binary data"]


@pytest.mark.parametrize("value", ["x" * 10_000, list(range(10_000)), {"a": [[[[[1]]]]]}, 10**30])
def test_a_value_in_a_message_is_short_however_large_it_is(value: object) -> None:
    assert 0 < len(shorten(value)) <= 40
