"""A manifest is read whole or refused, with every reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.bundle.manifest import parse_manifest, render_manifest
from service.errors import InvalidInput
from tests.service.bundle.changes import with_value, without

RELEASED = Path(__file__).parents[3] / "service" / "released" / "tumour"


def _document() -> dict[str, Any]:
    """Of the first schema, whose input is named by keys of its own."""
    released = parse_manifest((RELEASED / "manifest.json").read_bytes())
    document: dict[str, Any] = json.loads(render_manifest(replace(released, schema=1)))
    return document


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (without("schema"), "schema"),
        (with_value("schema", 3), "schema"),
        (with_value("schema", True), "schema"),
        (with_value("problem", " "), "problem"),
        (with_value("model.sha256", "abc"), "model.sha256"),
        (with_value("model.file", "../elsewhere.onnx"), "model.file"),
        (with_value("model.opset", 0), "model.opset"),
        (without("golden"), "golden.file"),
        (with_value("data.rows", -1), "data.rows"),
        (with_value("input.datatype", "FP64"), "input.datatype"),
        (with_value("input.features", []), "input.features"),
        (with_value("input.features", ["a", "a"]), "input.features"),
        (with_value("classes", ["benign"]), "classes"),
        (with_value("classes", ["benign", "benign", "malignant"]), "classes"),
        (with_value("positive_class", "neither"), "positive_class"),
        (with_value("thresholds", {"malignant": 1.1}), "thresholds"),
        (with_value("thresholds", {"benign": 0.5}), "thresholds.benign"),
        (with_value("tolerance", 0), "tolerance"),
        (with_value("tolerance", float("nan")), "tolerance"),
        (with_value("versions", {"python": 3}), "versions"),
        (with_value("metrics", []), "metrics"),
        (with_value("reference", []), "reference"),
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
    for change in (with_value("tolerance", 2), with_value("data.rows", 0), without("problem")):
        change(document)
    with pytest.raises(InvalidInput) as caught:
        parse_manifest(json.dumps(document).encode())
    assert len(caught.value.mistakes) == 3


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe"])
def test_what_is_no_object_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_manifest(raw)
