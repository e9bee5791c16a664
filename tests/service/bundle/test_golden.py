"""Golden rows: read once, pinned by the manifest, and a judge that lets nothing wrong through."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover.drill.commands import DEFAULT_GOLDEN
from failover.drill.golden import Golden, load_golden
from service.errors import InvalidInput
from tests.failover.drill.fakes import UNHURRIED


def answer(golden: Golden, n: int = 0, *, label: str | None = None, add: float = 0.0, nested: bool = False) -> bytes:
    row = golden.rows[n]
    probabilities: list[Any] = [row.probabilities[name] + add for name in golden.classes]
    outputs = [
        {"name": "probabilities", "data": [probabilities] if nested else probabilities},
        {"name": "label", "data": [[label or row.label]] if nested else [label or row.label]},
    ]
    return json.dumps({"outputs": outputs}).encode()


def rewrite(path: Path, change: dict[str, Any]) -> None:
    """Change golden.json and let the manifest pin it anew."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    manifest = path.with_name("manifest.json")
    content = json.loads(manifest.read_text())
    content["golden"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(content))


def test_reads_the_released_model() -> None:
    golden = load_golden(DEFAULT_GOLDEN)
    manifest = DEFAULT_GOLDEN.with_name("manifest.json").read_bytes()
    assert golden.digest == "sha256:" + hashlib.sha256(manifest).hexdigest()
    assert golden.path == "/v2/models/tumour/infer"
    assert {row.label for row in golden.rows} == {"benign", "malignant"}


def test_request_is_one_tensor_of_one_row(golden: Golden) -> None:
    request = json.loads(golden.render_request(golden.rows[0]))
    tensor = {"name": "features", "shape": [1, 3], "datatype": "FP32", "data": [1.5, 0.5, -0.25]}
    assert request == {"inputs": [tensor]}


@pytest.mark.parametrize("nested", [False, True])
def test_accepts_the_right_answer_flat_or_nested(golden: Golden, nested: bool) -> None:
    assert golden.find_mistake(golden.rows[0], answer(golden, nested=nested)) == ""


@UNHURRIED
@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_tolerance_is_absolute_per_probability(add: float) -> None:
    golden = load_golden(DEFAULT_GOLDEN)
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
    assert "expected 0.14" in golden.find_mistake(row, answer(golden, add=0.01))
    assert "p(benign) = nan" in golden.find_mistake(row, answer(golden, add=math.nan))
    assert "label" in golden.find_mistake(golden.rows[1], answer(golden, 0)), "another row's answer"
    short = json.dumps({"outputs": [{"name": "label", "data": [row.label]}, {"name": "probabilities", "data": [0.5]}]})
    assert golden.find_mistake(row, short.encode()) == "row row-0: 1 probabilities, expected 2"


def test_refuses_rows_that_the_manifest_did_not_pin(golden: Golden, tmp_path: Path) -> None:
    path = tmp_path / "golden.json"
    path.write_text(path.read_text().replace("malignant", "benign", 1))
    with pytest.raises(InvalidInput, match="does not match the rows"):
        load_golden(path)


def test_reports_every_bad_row_together(golden: Golden, tmp_path: Path) -> None:
    good = json.loads((tmp_path / "golden.json").read_text())["rows"][0]
    bad = [
        {**good, "features": [1.0]},
        {**good, "label": "harmless"},
        {**good, "probabilities": {"benign": 1.0}},
        {**good, "features": [math.inf, 0.0, 0.0]},
        good,
    ]
    rewrite(tmp_path / "golden.json", {"rows": bad})
    with pytest.raises(InvalidInput) as caught:
        load_golden(tmp_path / "golden.json")
    assert [mistake.place for mistake in caught.value.mistakes] == [f"rows[{n}]" for n in range(4)]


@pytest.mark.parametrize(
    ("change", "why"),
    [({"rows": []}, "nothing to compare"), ({"schema": 2}, "schema: 2, expected 1"), ({"rows": None}, "not a list")],
)
def test_refuses_what_is_no_golden_file(golden: Golden, tmp_path: Path, change: dict[str, Any], why: str) -> None:
    rewrite(tmp_path / "golden.json", change)
    with pytest.raises(InvalidInput, match=why):
        load_golden(tmp_path / "golden.json")


def test_missing_and_broken_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot read"):
        load_golden(tmp_path / "golden.json")
    (tmp_path / "golden.json").write_text("{")
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(InvalidInput, match="is not JSON"):
        load_golden(tmp_path / "golden.json")
    (tmp_path / "golden.json").write_text("{}")
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(InvalidInput) as caught:
        load_golden(tmp_path / "golden.json")
    assert len(caught.value.mistakes) >= 6, "all of them together"
