"""Keys are taken out of a document, and every mistake is gathered."""

from __future__ import annotations

from typing import Any

import pytest

from service.bundle.reading import Reader, is_count, is_file_name, is_number, is_share, is_texts, is_whole, parse_json
from service.errors import InvalidInput


def test_mistakes_are_gathered_with_their_place() -> None:
    reader = Reader({"a": {"b": "x" * 100}, "c": 1}, "file.json")
    assert reader.take("a.b", is_number, "must be a number") is None
    assert reader.take("a.d", is_number, "must be a number") is None
    assert reader.take("c", is_number, "must be a number") == 1
    assert [mistake.place for mistake in reader.mistakes] == ["file.json a.b", "file.json a.d"]
    assert "…" in reader.mistakes[0].what
    assert reader.mistakes[1].what == "is missing; it must be a number"


def test_an_absent_key_may_have_a_default_but_a_wrong_one_is_a_mistake() -> None:
    reader = Reader({"folds": "five"})
    assert reader.take("seed", is_whole, "must be whole", 20) == 20
    assert reader.mistakes == []
    reader.take("folds", is_whole, "must be whole", 5)
    assert [mistake.place for mistake in reader.mistakes] == ["folds"]


def test_keys_that_nobody_asked_for_are_named_with_their_neighbours() -> None:
    reader = Reader({"costs": {"false_positive": 1, "false_negativ": 2}, "colour": "red", "name": "x"})
    for key in ("costs.false_positive", "costs.false_negative", "name"):
        reader.take(key, lambda value: True, "may be anything", None)
    reader.refuse_unknown("a problem file")
    assert {mistake.place for mistake in reader.mistakes} == {"costs.false_negativ", "colour"}
    assert any("false_negative" in mistake.hint for mistake in reader.mistakes)


@pytest.mark.parametrize("document", [None, [], "text", 3])
def test_what_is_no_object_is_one_mistake(document: Any) -> None:
    assert "not an object" in Reader(document, "file.json").mistakes[0].what


def test_what_is_not_json_is_refused_with_a_hint() -> None:
    with pytest.raises(InvalidInput, match=r"file\.json is not JSON") as caught:
        parse_json(b"{", "file.json", hint="make it anew")
    assert caught.value.hint == "make it anew"


@pytest.mark.parametrize(
    ("fits", "right", "wrong"),
    [
        (is_number, [0, -1.5], [True, "1", float("nan"), float("inf"), None]),
        (is_whole, [0, 7], [-1, 1.0, False]),
        (is_count, [1], [0, True]),
        (is_share, [0.5], [0, 1, "0.5"]),
        (is_texts, [["a"]], [[], ["a", " "], "a", [1]]),
        (is_file_name, ["model.onnx"], ["../model.onnx", "a/b", "..", "."]),
    ],
)
def test_what_fits(fits: Any, right: list[Any], wrong: list[Any]) -> None:
    assert all(map(fits, right))
    assert not any(map(fits, wrong))
