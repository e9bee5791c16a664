"""What a model takes is written down by column, in both schemas, and contradictions are named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.bundle.columns import (
    CATEGORY,
    FLOAT32_MAX,
    TEXT,
    WHOLE,
    Column,
    InputSpec,
    Tensor,
    datatype_of,
    find_contradictions,
    is_row,
)
from service.bundle.manifest import Manifest, parse_manifest, render_manifest
from service.errors import InvalidInput

RELEASED = Path(__file__).parents[3] / "service" / "released"
AGE, VISITS = Column("age", missing=True), Column("visits", WHOLE)
PLAN = Column("plan", CATEGORY, missing=True, categories=("basic", "plus"))
NOTE = Column("note", TEXT, missing=True)
MIXED = InputSpec.of_columns([PLAN, AGE, NOTE, VISITS])


def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((RELEASED / "tumour" / "manifest.json").read_bytes())
    return {**document, "schema": 2, "input": MIXED.to_document(2)}


def _parse(document: dict[str, Any]) -> Manifest:
    return parse_manifest(json.dumps(document).encode())


def test_columns_of_several_types_are_exported_in_a_tensor_of_numbers_and_one_of_texts() -> None:
    assert MIXED.features == ("plan", "age", "note", "visits")
    assert MIXED.tensors == (Tensor("numbers", "FP32", ("age", "visits")), Tensor("texts", "BYTES", ("plan", "note")))
    assert (MIXED.dtype, MIXED.is_single, MIXED.name, MIXED.datatype) == ("object", False, "features", "BYTES")
    assert [datatype_of(column) for column in MIXED.columns] == ["BYTES", "FP64", "BYTES", "INT64"]
    assert InputSpec.of_columns([PLAN]).tensors == (Tensor("texts", "BYTES", ("plan",)),)


def test_numbers_alone_are_one_tensor() -> None:
    spec = InputSpec.of_columns([AGE, VISITS])
    assert (spec.dtype, spec.is_single, spec.name, spec.datatype) == ("float32", True, "features", "FP32")
    assert spec.whole == (1,)
    assert spec.least == FLOAT32_MAX
    assert InputSpec((AGE,), (Tensor("x", "FP64", ("age",)),)).dtype == "float64"


def test_a_manifest_of_typed_columns_comes_back_as_it_was_written() -> None:
    manifest = _parse(_document())
    assert manifest.input == MIXED
    assert parse_manifest(render_manifest(manifest)) == manifest


@pytest.mark.parametrize("name", ["tumour", "digits"])
def test_a_release_of_the_first_schema_is_read_and_keeps_its_bytes(name: str) -> None:
    released = parse_manifest((RELEASED / name / "manifest.json").read_bytes())
    raw = render_manifest(replace(released, schema=1))
    manifest = parse_manifest(raw)
    assert manifest.schema == 1
    assert render_manifest(manifest) == raw
    assert manifest.input.dtype == "float32"
    assert not any(column.missing for column in manifest.input.columns), "training saw none missing"


def test_a_release_of_texts_of_the_first_schema_has_the_types_of_its_reference() -> None:
    document = {**_document(), "schema": 1}
    document["input"] = {"name": "features", "datatype": "BYTES", "features": ["age", "plan"]}
    document["reference"] = {
        "age": {"kind": "numeric", "edges": [], "counts": [], "missing": 0},
        "plan": {"kind": "categorical", "counts": {"basic": 3, "NA": 1}, "missing": 0},
    }
    spec = _parse(document).input
    plan = Column("plan", CATEGORY, missing=True, categories=("basic", "NA"))
    assert spec.columns == (Column("age", missing=True), plan)
    assert (spec.is_written, spec.is_single, spec.dtype) == (True, True, "object")
    assert spec.to_document(1) == document["input"]


@pytest.mark.parametrize(
    ("key", "value", "place"),
    [
        ("columns", [], "input.columns"),
        ("columns", [7], "input.columns[0]"),
        ("columns", [{"name": "a", "type": "date"}], "input.columns[0] type"),
        ("columns", [{"name": "a", "type": "number", "missing": 1}], "input.columns[0] missing"),
        ("columns", [{"name": "a", "type": "number", "mising": True}], "input.columns[0] mising"),
        ("tensors", None, "input.tensors"),
        ("tensors", [{"name": "a", "datatype": "FP16", "columns": ["age"]}], "input.tensors[0] datatype"),
    ],
)
def test_a_wrong_input_is_named_by_key(key: str, value: Any, place: str) -> None:
    document = _document()
    document["input"][key] = value
    with pytest.raises(InvalidInput) as caught:
        _parse(document)
    assert f"manifest.json {place}" in [mistake.place for mistake in caught.value.mistakes]


@pytest.mark.parametrize(
    ("spec", "what"),
    [
        (InputSpec((AGE, AGE), (Tensor("x", "FP32", ("age",)),)), "holds a feature twice"),
        (InputSpec((AGE, VISITS), (Tensor("x", "FP32", ("age",)),)), "must hold every column once"),
        (InputSpec((AGE,), (Tensor("x", "FP32", ("age", "other")),)), "must hold every column once"),
        (
            InputSpec((PLAN,), (Tensor("x", "FP32", ("plan",)),)),
            "is FP32 and holds plan, a category that may be missing",
        ),
        (InputSpec((AGE,), (Tensor("x", "INT64", ("age",)),)), "is INT64 and holds age, a number that may be missing"),
        (
            InputSpec((AGE, VISITS), (Tensor("x", "FP32", ("age",)), Tensor("x", "INT64", ("visits",)))),
            "a tensor twice",
        ),
    ],
)
def test_columns_and_tensors_that_do_not_fit_together_are_named(spec: InputSpec, what: str) -> None:
    assert what in " ".join(mistake.what for mistake in find_contradictions(spec))


def test_whole_numbers_may_be_integers_of_the_graph() -> None:
    assert list(find_contradictions(InputSpec((VISITS,), (Tensor("x", "INT64", ("visits",)),)))) == []


@pytest.mark.parametrize(
    ("values", "fits"),
    [
        (["plus", 1.5, "hello", 3], True),
        ([None, None, None, 3], True),
        (["plus", 1.5, "hello", None], False),
        (["plus", "1.5", "hello", 3], False),
        (["plus", True, "hello", 3], False),
        ([7, 1.5, "hello", 3], False),
        (["plus", float("nan"), "hello", 3], False),
        (["plus", 1.5, "hello"], False),
        ("plus", False),
    ],
)
def test_a_row_of_json_fits_its_columns(values: object, fits: bool) -> None:
    assert is_row(MIXED, values) is fits
