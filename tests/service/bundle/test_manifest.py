"""A release is read whole or refused, with every reason."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.bundle.manifest import (
    compute_digest,
    load_release,
    parse_golden,
    parse_manifest,
    render_golden,
    render_manifest,
    write_release,
)
from service.errors import InvalidInput, ModelMismatch

RELEASED = Path(__file__).parents[3] / "service" / "released" / "tumour"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RELEASED, tmp_path / "tumour"))


def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((RELEASED / "manifest.json").read_bytes())
    return document


def test_the_digest_is_that_of_the_manifests_bytes_and_they_pin_the_rest() -> None:
    release = load_release(RELEASED)
    raw = (RELEASED / "manifest.json").read_bytes()
    assert release.digest == compute_digest(raw) == "sha256:" + hashlib.sha256(raw).hexdigest()
    assert release.manifest.model.sha256 == hashlib.sha256(release.model_bytes).hexdigest()
    assert release.manifest.golden.sha256 == hashlib.sha256((RELEASED / "golden.json").read_bytes()).hexdigest()


def test_what_is_read_is_written_again_byte_for_byte(tmp_path: Path) -> None:
    release = load_release(RELEASED)
    assert render_manifest(release.manifest) == (RELEASED / "manifest.json").read_bytes()
    assert render_golden(release.golden) == (RELEASED / "golden.json").read_bytes()
    again = write_release(tmp_path / "copy", release.manifest, release.model_bytes, release.golden)
    assert again.digest == release.digest
    assert sorted(p.name for p in (tmp_path / "copy").iterdir()) == ["golden.json", "manifest.json", "model.onnx"]


@pytest.mark.parametrize("name", ["model.onnx", "golden.json"])
@pytest.mark.parametrize("where", [0, 100, -1])
def test_one_changed_byte_is_refused(folder: Path, name: str, where: int) -> None:
    content = bytearray((folder / name).read_bytes())
    content[where] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelMismatch) as caught:
        load_release(folder)
    said = str(caught.value)
    assert name in said
    assert hashlib.sha256(content).hexdigest() in said
    assert "hint:" in said


def test_both_changed_files_are_named_together(folder: Path) -> None:
    for name in ("model.onnx", "golden.json"):
        (folder / name).write_bytes((folder / name).read_bytes() + b" ")
    with pytest.raises(ModelMismatch) as caught:
        load_release(folder)
    assert [Path(mistake.place).name for mistake in caught.value.mistakes] == ["model.onnx", "golden.json"]


@pytest.mark.parametrize("name", ["model.onnx", "golden.json", "manifest.json"])
def test_an_absent_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InvalidInput, match=name):
        load_release(folder)


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
        (_with("schema", 2), "schema"),
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


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_with("label", "neither"), "label"),
        (_with("features", [1.0]), "features"),
        (_with("features", ["1.0"] * 30), "features"),
        (_with("probabilities", {"benign": 1.0}), "probabilities"),
        (_with("probabilities", {"benign": -0.1, "malignant": 1.1}), "probabilities"),
        (_without("id"), "id"),
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
