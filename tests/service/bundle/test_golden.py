"""Golden rows: read once, asked for as the model takes them, and a judge that lets nothing wrong through."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.bundle.columns import CATEGORY, WHOLE, Column, InputSpec, Tensor
from service.bundle.folder import load_release
from service.bundle.golden import Golden, GoldenRow, find_mistakes, parse_golden, read_answer, render_golden
from service.errors import InvalidInput
from tests.service.bundle.changes import with_value, without

RELEASED = Path(__file__).parents[3] / "service" / "released" / "tumour"
NUMBERS = InputSpec.of_numbers(("f0", "f1", "f2"))
COLUMNS = (Column("age", missing=True), Column("visits", WHOLE), Column("plan", CATEGORY, missing=True))
ROWS = (
    GoldenRow("row-0", (1.5, 0.5, -0.25), "malignant", {"benign": 0.13, "malignant": 0.87}),
    GoldenRow("row-1", (-2.0, 0.5, 0.0), "benign", {"benign": 0.9, "malignant": 0.1}),
)


@pytest.fixture
def golden() -> Golden:
    return build()


def build(spec: InputSpec = NUMBERS, rows: tuple[GoldenRow, ...] = ROWS) -> Golden:
    return Golden("tumour", ("benign", "malignant"), spec, 1e-4, "sha256:0", rows)


def answer(golden: Golden, n: int = 0, *, label: str | None = None, add: float = 0.0, nested: bool = False) -> bytes:
    row = golden.rows[n]
    probabilities: list[Any] = [row.probabilities[name] + add for name in golden.classes]
    outputs = [
        {"name": "probabilities", "data": [probabilities] if nested else probabilities},
        {"name": "label", "data": [[label or row.label]] if nested else [label or row.label]},
    ]
    return json.dumps({"outputs": outputs}).encode()


def test_request_is_one_tensor_of_one_row(golden: Golden) -> None:
    request = json.loads(golden.render_request(golden.rows[0]))
    tensor = {"name": "features", "shape": [1, 3], "datatype": "FP32", "data": [1.5, 0.5, -0.25]}
    assert request == {"inputs": [tensor]}


@pytest.mark.parametrize("nested", [False, True])
def test_accepts_the_right_answer_flat_or_nested(golden: Golden, nested: bool) -> None:
    assert golden.find_mistake(golden.rows[0], answer(golden, nested=nested)) == ""


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_tolerance_is_absolute_per_probability(add: float) -> None:
    golden = build()
    wrong = golden.find_mistake(golden.rows[0], answer(golden, add=add))
    if abs(add) < golden.tolerance * 0.99:
        assert wrong == ""
    elif abs(add) > golden.tolerance * 1.01:
        assert "p(benign)" in wrong


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not an inference answer"),
        (b"<html>", "not an inference answer"),
        (b"[]", "not an inference answer"),
        (b'{"outputs": []}', "not an inference answer"),
        (b'{"outputs": [{"name": "label", "data": "x"}, {"name": "probabilities", "data": []}]}', "not an inference"),
        (b'{"outputs": [{"name": "label", "data": []}, {"name": "probabilities", "data": []}]}', "not an inference"),
    ],
)
def test_what_is_no_answer_is_wrong(golden: Golden, body: bytes, why: str) -> None:
    assert why in golden.find_mistake(golden.rows[0], body)


def test_names_what_is_wrong(golden: Golden) -> None:
    row = golden.rows[0]
    assert golden.find_mistake(row, answer(golden, label="benign")) == "row row-0: label 'benign', expected 'malignant'"
    assert "expected 0.13" in golden.find_mistake(row, answer(golden, add=0.01))
    assert "p(benign) = nan" in golden.find_mistake(row, answer(golden, add=math.nan))
    assert "label" in golden.find_mistake(golden.rows[1], answer(golden, 0)), "another row's answer"
    short = json.dumps({"outputs": [{"name": "label", "data": [row.label]}, {"name": "probabilities", "data": [0.5]}]})
    assert golden.find_mistake(row, short.encode()) == "row row-0: 1 probabilities, expected 2"


def test_a_model_of_several_types_is_asked_with_one_tensor_a_column() -> None:
    row = GoldenRow("row-0", (None, 3, "plus"), "benign", {"benign": 0.9, "malignant": 0.1})
    assert json.loads(build(InputSpec.of_columns(COLUMNS), (row,)).render_request(row))["inputs"] == [
        {"name": "age", "shape": [1, 1], "datatype": "FP64", "data": [None]},
        {"name": "visits", "shape": [1, 1], "datatype": "INT64", "data": [3]},
        {"name": "plan", "shape": [1, 1], "datatype": "BYTES", "data": ["plus"]},
    ]


def test_a_model_that_reads_its_numbers_out_of_texts_is_asked_with_texts() -> None:
    """As every model with a column of text was released in schema 1."""
    spec = InputSpec(COLUMNS, (Tensor("features", "BYTES", ("age", "visits", "plan")),))
    row = GoldenRow("row-0", ("12.5", "nan", ""), "benign", {"benign": 0.9, "malignant": 0.1})
    (tensor,) = json.loads(build(spec, (row,)).render_request(row))["inputs"]
    assert tensor == {"name": "features", "shape": [1, 3], "datatype": "BYTES", "data": ["12.5", "nan", ""]}


def test_a_row_is_found_by_its_id(golden: Golden) -> None:
    assert golden.find("row-1") is golden.rows[1]
    with pytest.raises(InvalidInput, match="no row 'row-2'") as caught:
        golden.find("row-2")
    assert "row-0, row-1" in caught.value.hint


def test_several_answers_are_compared_at_once() -> None:
    right = [[0.13, 0.87], [0.9, 0.1]]
    assert find_mistakes(ROWS, ["malignant", "benign"], right, 1e-4) == []
    assert find_mistakes(ROWS, ["malignant", "malignant"], right, 1e-4) == [
        "row row-1: label 'malignant', expected 'benign'"
    ]


def test_an_answer_is_read_whatever_its_numbers() -> None:
    body = json.dumps({"outputs": [{"name": "label", "data": ["a"]}, {"name": "probabilities", "data": [[1, 0]]}]})
    answer = read_answer(body.encode())
    assert (answer.label, answer.probabilities) == ("a", (1.0, 0.0))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (with_value("label", "neither"), "label"),
        (with_value("features", [1.0]), "features"),
        (with_value("features", ["1.0"] * 30), "features"),
        (with_value("probabilities", {"benign": 1.0}), "probabilities"),
        (with_value("probabilities", {"benign": -0.1, "malignant": 1.1}), "probabilities"),
        (without("id"), "id"),
    ],
)
def test_a_wrong_golden_row_is_named(change: Callable[[dict[str, Any]], object], named: str) -> None:
    document = json.loads((RELEASED / "golden.json").read_bytes())
    change(document["rows"][1])
    with pytest.raises(InvalidInput) as caught:
        parse_golden(json.dumps(document).encode(), load_release(RELEASED).manifest)
    assert [mistake.place for mistake in caught.value.mistakes] == [f"golden.json rows[1] {named}"]


def test_no_golden_rows_at_all_is_refused() -> None:
    with pytest.raises(InvalidInput, match="golden"):
        parse_golden(b'{"schema": 1, "rows": []}', load_release(RELEASED).manifest)


def test_rows_of_another_schema_are_refused() -> None:
    raw = render_golden(ROWS).replace(b'"schema": 1', b'"schema": 2')
    with pytest.raises(InvalidInput, match="schema: is 2; it must be 1"):
        parse_golden(raw, load_release(RELEASED).manifest)
