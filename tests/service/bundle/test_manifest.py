"""A manifest is read whole or refused, with every reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.bundle.manifest import parse_manifest
from service.errors import InvalidInput

RELEASED = Path(__file__).parents[3] / "service" / "released" / "tumour"


def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((RELEASED / "manifest.json").read_bytes())
    return document


def _without(key: str) -> Callable[[dict[str, Any]], object]:
    return lambda document: document.pop(key)


def _with(key: str, value: object) -> Callable[[dict[str, Any]], object]:
    def change(document: dict[str, Any]) -> None:
        *parents, last = key.split(".")
        for parent in parents:
            document = document[parent]
        document[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_without("schema"), "schema"),
        (_with("schema", 3), "schema"),
        (_with("schema", True), "schema"),
        (_with("problem", " "), "problem"),
        (_with("model.sha256", "abc"), "model.sha256"),
        (_with("model.file", "../elsewhere.onnx"), "model.file"),
        (_with("model.opset", 0), "model.opset"),
        (_without("golden"), "golden.file"),
        (_with("data.rows", -1), "data.rows"),
        (_with("input.datatype", "FP64"), "input.datatype"),
        (_with("input.features", []), "input.features"),
        (_with("input.features", ["a", "a"]), "input.features"),
        (_with("classes", ["benign"]), "classes"),
        (_with("classes", ["benign", "benign", "malignant"]), "classes"),
        (_with("positive_class", "neither"), "positive_class"),
        (_with("thresholds", {"malignant": 1.1}), "thresholds"),
        (_with("thresholds", {"benign": 0.5}), "thresholds.benign"),
        (_with("tolerance", 0), "tolerance"),
        (_with("tolerance", float("nan")), "tolerance"),
        (_with("versions", {"python": 3}), "versions"),
        (_with("metrics", []), "metrics"),
        (_with("reference", []), "reference"),
    ],
)
def test_a_wrong_manifest_is_named_by_key(change: Callable[[dict[str, Any]], object], named: str) -> None:
    document = _document()
    change(document)
    with pytest.raises(InvalidInput) as caught:
        parse_manifest(json.dumps(document).encode())
    assert any(mistake.place.split()[-1] == named for mistake in caught.value.mistakes), str(caught.value)
    assert caught.value.hint


def test_all_mistakes_are_reported_together() -> None:
    document = _document()
    for change in (_with("tolerance", 2), _with("data.rows", 0), _without("problem")):
        change(document)
    with pytest.raises(InvalidInput) as caught:
        parse_manifest(json.dumps(document).encode())
    assert len(caught.value.mistakes) == 3


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe"])
def test_what_is_no_object_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_manifest(raw)
