"""One tensor a column, JSON and binary: each value by its column's type, every mistake with its place."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest

from service.bundle.columns import CATEGORY, TEXT, WHOLE, Column, InputSpec
from service.bundle.values import ABSENT
from service.server.protocol.problems import Problem
from service.server.protocol.tensor_elements import encode_element
from service.server.protocol.tensors import HEADER_LENGTH, as_model_input, canonical_input, decode_request

PLAN = Column("plan", CATEGORY, missing=True, categories=("basic",))
MIXED = InputSpec.of_columns([Column("age", missing=True), Column("visits", WHOLE), PLAN, Column("note", TEXT)])
NUMBERS = InputSpec.of_columns([Column("age", missing=True), Column("visits", WHOLE)])


def tensor(name: str, data: Any, datatype: str = "FP64", **more: Any) -> dict[str, Any]:
    return {"name": name, "shape": [len(data), 1], "datatype": datatype, "data": data, **more}


def binary(part: bytes) -> dict[str, Any]:
    return {"parameters": {"binary_data_size": len(part)}, "data": None}


def whole(**changed: Any) -> list[dict[str, Any]]:
    parts = {
        "age": tensor("age", [41.5, None]),
        "visits": tensor("visits", [3, 0], "INT64"),
        "plan": tensor("plan", [" basic", "NA"], "BYTES"),
        "note": tensor("note", ["NA", "x"], "BYTES"),
    }
    return [{**part, **changed.get(name, {})} for name, part in parts.items()]


def decode(inputs: list[Any], spec: InputSpec = MIXED) -> Any:
    return as_model_input(decode_request(spec, {}, json.dumps({"inputs": inputs}).encode(), 8).rows, spec)


def mistakes(inputs: list[Any], spec: InputSpec = MIXED) -> list[tuple[str, str]]:
    with pytest.raises(Problem) as caught:
        decode(inputs, spec)
    assert caught.value.status == 400
    return [(mistake.place, mistake.what) for mistake in caught.value.mistakes]


def test_each_column_comes_in_its_type_in_any_order() -> None:
    rows = decode(whole()[::-1])
    assert repr(rows.tolist()) == repr([[41.5, 3.0, "basic", "NA"], [np.nan, 0.0, "", "x"]])


@pytest.mark.parametrize("shape", [[2], [2, 1]])
@pytest.mark.parametrize("data", [[41.5, 7], [[41.5], [7]]])
def test_a_column_is_flat_or_nested(shape: list[int], data: list[Any]) -> None:
    assert decode(whole(age={"shape": shape, "data": data}))[:, 0].tolist() == [41.5, 7]


@pytest.mark.parametrize(("datatype", "kind"), [("FP32", "<f4"), ("FP64", "<f8"), ("INT64", "<i8"), ("INT32", "<i4")])
def test_binary_columns_follow_one_another(datatype: str, kind: str) -> None:
    ages, visits = np.array([41, 7], dtype=kind).tobytes(), np.array([3, 0], dtype="<i8").tobytes()
    texts = b"".join(struct.pack("<I", len(text)) + text for text in (b"basic", b""))
    inputs = whole(age={"datatype": datatype, **binary(ages)}, visits=binary(visits), plan=binary(texts))
    head = json.dumps({"inputs": inputs}).encode()
    body = head + ages + visits + texts
    rows = decode_request(MIXED, {HEADER_LENGTH: b"%d" % len(head)}, body, 8).rows
    assert rows.tolist() == [[41.0, 3.0, "basic", "NA"], [7.0, 0.0, "", "x"]]


def test_nan_in_binary_data_is_a_missing_number() -> None:
    raw = np.array([np.nan, 1.0], dtype="<f8").tobytes()
    inputs = whole(age=binary(raw))
    head = json.dumps({"inputs": inputs}).encode()
    rows = decode_request(MIXED, {HEADER_LENGTH: b"%d" % len(head)}, head + raw, 8).rows
    assert np.isnan(rows[0, 0])


def test_a_model_of_numbers_takes_one_tensor_a_column_too() -> None:
    rows = decode(whole()[:2], NUMBERS)
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, np.array([[41.5, 3], [np.nan, 0]], dtype=np.float32))


def test_a_model_of_several_types_takes_one_tensor_of_texts_as_a_file_has_them() -> None:
    data = ["41.5", "3", "basic", "NA", "", "0", "None", "x"]
    rows = decode([{"name": "features", "shape": [2, 4], "datatype": "BYTES", "data": data}])
    assert repr(rows.tolist()) == repr(decode(whole()).tolist())


@pytest.mark.parametrize(
    ("changed", "place", "what"),
    [
        ({"age": {"data": ["41.5", 1]}}, "row 0, age", "is a text, not a number"),
        ({"age": {"data": [1e39, 1]}}, "row 0, age", "is 1e+39, beyond what the model can hold"),
        ({"age": {"data": [1.5, True]}}, "row 1, age", "must be a number"),
        (
            {"age": {"datatype": "INT64", "data": [1.5, 1]}},
            "row 0, age",
            "is 1.5, not a whole number, and training saw no other",
        ),
        ({"visits": {"data": [1, None]}}, "row 1, visits", ABSENT),
        ({"plan": {"data": [1, "x"]}}, "row 0, plan", "must be a text"),
        ({"note": {"data": ["x", ""]}}, "row 1, note", ABSENT),
        (
            {"age": {"datatype": "BYTES"}},
            "inputs[0].datatype",
            "is 'BYTES'; the column age takes FP64 or FP32 or INT64 or INT32",
        ),
        ({"note": {"datatype": "FP64"}}, "inputs[3].datatype", "is 'FP64'; the column note takes BYTES"),
        ({"age": {"shape": [2, 2]}}, "inputs[0].shape", "is [2, 2]; it must be [rows, 1] or [rows]"),
        ({"age": {"shape": [0, 1]}}, "inputs[0].shape", "is [0, 1]; it must be [rows, 1] or [rows]"),
        ({"age": {"shape": [3, 1]}}, "inputs", "hold 2 and 3 rows; each must hold as many"),
        ({"age": {"data": [1]}}, "inputs[0].data", "holds 1 values, its shape says 2"),
        ({"age": {"data": 7}}, "inputs[0].data", "must be a list"),
        ({"age": {"name": "agee"}}, "inputs[0].name", "is 'agee', not a column of this model"),
        ({"age": {"name": "visits"}}, "inputs[1].name", "is 'visits', which is given twice"),
        ({"age": {"parameters": {"binary_data_size": 4}}}, "inputs", "say 4 binary bytes, but 0 follow the JSON"),
    ],
)
def test_a_mistake_is_named_with_its_place(changed: dict[str, Any], place: str, what: str) -> None:
    assert (place, what) in mistakes(whole(**changed))


def test_a_column_that_is_not_there_is_named() -> None:
    assert mistakes(whole()[1:]) == [("inputs", "has no tensor for the column 'age'")]
    assert len(mistakes([{"name": f"c{n}"} for n in range(500)])) <= 40


def test_more_rows_than_allowed_are_too_many() -> None:
    with pytest.raises(Problem, match="9 rows are over the limit of 8"):
        decode([tensor("age", [1.0] * 9), *whole()[1:]])


def test_a_receipt_covers_the_same_bytes_however_a_row_is_sent() -> None:
    rows = decode(whole())
    expected = struct.pack("<dd", 41.5, 3.0) + encode_element("basic") + encode_element("NA")
    assert canonical_input(rows[:1]) == expected
    other = rows[1:].copy()
    other[0, 0] = -other[0, 0]  # a NaN of other bits
    assert canonical_input(other) == canonical_input(rows[1:])
