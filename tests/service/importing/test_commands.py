"""The command takes one model or predictions, and says what it did."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.errors import InvalidInput, OutlastError
from service.importing.commands import choose_kind, make_command, read_classes
from service.importing.limits import Site
from tests.service.importing.graphs import draw_rows, drawn_labels, linear, table_of

COMMAND = make_command(lambda: [Site("aws", 0.5, 1024)])


def _run(*args: str) -> str:
    found = CliRunner().invoke(COMMAND, args, standalone_mode=False)
    if found.exception:
        raise found.exception
    return found.stdout


def test_one_model_is_named() -> None:
    assert choose_kind({"onnx": Path("m")}) == ("onnx", Path("m"))
    with pytest.raises(InvalidInput, match="no model is named"):
        choose_kind({})
    with pytest.raises(InvalidInput, match="2 models are named: a, b"):
        choose_kind({"onnx": Path("a"), "xgboost": Path("b")})


def test_classes_stand_in_one_option() -> None:
    assert read_classes("no, yes,,maybe") == ("no", "yes", "maybe")


def test_a_model_without_a_table_says_what_it_needs() -> None:
    with pytest.raises(InvalidInput, match="an import needs --table"):
        _run("--onnx", "m.onnx", "--target", "y")


def test_predictions_and_a_model_are_two_things() -> None:
    with pytest.raises(InvalidInput, match="--predictions and a model are named"):
        _run("--onnx", "m.onnx", "--predictions", "p.csv", "--target", "y")


@pytest.mark.usefixtures("quick")
def test_predictions_are_reported_as_data(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("y,label\n" + "a,a\nb,b\nb,a\n" * 9)
    out = _run("--predictions", str(path), "--target", "y", "--artifacts", str(tmp_path / "out"), "--json")
    assert json.loads(out)["judged"]["accuracy"]["value"] == pytest.approx(2 / 3, abs=1e-6)
    assert "nothing was released" in _run("--predictions", str(path), "--target", "y", "--artifacts", str(tmp_path))


@pytest.mark.slow
def test_a_model_is_imported_for_real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.importing.importer.home_of", lambda problem: tmp_path / "drafts")
    rows = draw_rows(400)
    model = tmp_path / "weather.onnx"
    model.write_bytes(linear(labels=True).SerializeToString())
    table = table_of(tmp_path / "rows.csv", rows, drawn_labels(rows))
    asked = ["--onnx", str(model), "--table", str(table), "--target", "y", "--artifacts", str(tmp_path / "out")]
    with pytest.raises(OutlastError, match="is a draft"):
        _run(*asked)
    said = _run(*asked, "--accept-draft")
    assert "weather version 1: ONNX made by somebody" in said
    assert "outlast model default weather" in said
    document = json.loads(_run(*asked, "--accept-draft", "--json"))
    assert document["columns"] == {"a": "number", "b": "number"}
    assert not document["changed"]
    assert document["memory_mib"] > 30
