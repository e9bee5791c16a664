"""One row by name: every mistake in it is told at once, with the name that was probably meant."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pytest

from service.bundle.columns import CATEGORY, TEXT, WHOLE, Column, InputSpec
from service.bundle.values import ABSENT
from service.server.protocol.named import decode_named
from service.server.protocol.problems import Problem

NUMBERS = InputSpec.of_numbers(("radius", "texture"))
TEXTS = InputSpec.of_columns([Column("colour", CATEGORY), Column("shape", CATEGORY)])
MIXED = InputSpec.of_columns(
    [
        Column("age", missing=True),
        Column("visits", WHOLE),
        Column("plan", CATEGORY, missing=True, categories=("basic", "NA")),
        Column("note", TEXT, missing=True),
    ]
)
ROW = {"age": 41.5, "visits": 3, "plan": "basic", "note": "hello"}


def decode(spec: InputSpec, features: Any, **others: Any) -> Any:
    return decode_named(spec, {}, orjson.dumps({"features": features, **others}))


def mistakes(spec: InputSpec, features: Any, **others: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(Problem) as caught:
        decode(spec, features, **others)
    return [(m.place, m.what, m.hint) for m in caught.value.mistakes]


def test_a_row_is_put_into_the_models_order() -> None:
    request = decode(NUMBERS, {"texture": 2, "radius": 1.5})
    assert request.rows.tolist() == [[1.5, 2.0]]
    assert [wanted.name for wanted in request.wanted] == ["label", "probabilities"]
    assert decode(TEXTS, {"shape": "round", "colour": "red"}).rows.tolist() == [["red", "round"]]


def test_a_missing_and_a_misspelt_name_are_brought_together() -> None:
    assert mistakes(NUMBERS, {"radius": 1, "textur": 2}) == [
        ("features.texture", "is missing", ""),
        ("features.textur", "is not a feature of this model", "did you mean texture?"),
    ]


@pytest.mark.parametrize("value", ["1", True, [1], {"v": 1}])
def test_a_number_is_a_number_and_a_bool_is_none(value: Any) -> None:
    assert mistakes(NUMBERS, {"radius": value, "texture": 1}) == [("features.radius", "must be a number", "")]


@pytest.mark.parametrize("value", [1e39, -1e39, 10**40 // 1])
def test_a_number_beyond_fp32_is_refused(value: float) -> None:
    body = b'{"features": {"radius": %s, "texture": 1}}' % str(value).encode()
    with pytest.raises(Problem) as caught:
        decode_named(NUMBERS, {}, body)
    assert [m.what for m in caught.value.mistakes] == [f"is {float(value):g}, beyond what the model can hold"]


@pytest.mark.parametrize(
    ("column", "value", "read"),
    [
        ("age", 3, 3.0),
        ("age", None, None),
        ("age", "", None),
        ("age", " NA ", None),
        ("age", "41.5", 41.5),
        ("visits", 3.0, 3.0),
        ("plan", " basic ", "basic"),
        ("plan", "gold", "gold"),
        ("plan", "NA", "NA"),
        ("plan", "None", ""),
        ("plan", None, ""),
        ("note", "NA", "NA"),
        ("note", None, ""),
        ("note", " ", ""),
    ],
)
def test_a_value_is_read_by_the_type_of_its_column(column: str, value: Any, read: Any) -> None:
    (row,) = decode(MIXED, ROW | {column: value}).rows.tolist()
    found = row[list(ROW).index(column)]
    assert found == read if read is not None else np.isnan(found)


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        *(("age", text, f"is {text!r}, not a number") for text in ("abc", "39,1", "42 yrs", "1_0", "0x1")),
        ("age", "inf", "is 'inf', beyond what the model can hold"),
        ("age", "1e999", "is '1e999', beyond what the model can hold"),
        ("age", True, "must be a number"),
        ("age", [1], "must be a number"),
        ("visits", None, ABSENT),
        ("visits", "NA", ABSENT),
        ("visits", 2.5, "is 2.5, not a whole number, and training saw no other"),
        ("plan", 7, "must be a text"),
        ("note", {}, "must be a text"),
    ],
)
def test_a_value_of_another_type_is_named_with_its_column(column: str, value: Any, what: str) -> None:
    assert mistakes(MIXED, ROW | {column: value}) == [(f"features.{column}", what, "")]


def test_a_text_is_a_text() -> None:
    assert mistakes(TEXTS, {"colour": 1, "shape": "x"}) == [("features.colour", "must be a text", "")]


@pytest.mark.parametrize("features", [None, [], "x"])
def test_features_are_an_object(features: Any) -> None:
    assert mistakes(NUMBERS, features) == [("features", "must be an object, name -> value", "")]


def test_a_key_beside_the_features_is_told_with_all_else_and_the_first_is_said_alone() -> None:
    found = mistakes(NUMBERS, {"radius": "x"}, model="m")
    assert [place for place, _, _ in found] == ["model", "features.texture", "features.radius"]
    with pytest.raises(Problem, match="3 of its parts are wrong"):
        decode(NUMBERS, {"radius": "x"}, model="m")
    with pytest.raises(Problem, match=r"^features.texture is missing$"):
        decode(NUMBERS, {"radius": 1})


def test_a_flood_of_names_is_cut() -> None:
    found = mistakes(NUMBERS, {"n" * 500 + str(i): 1 for i in range(500)})
    assert 2 < len(found) <= 100
    assert max(len(place) for place, _, _ in found) <= len("features.") + 100
