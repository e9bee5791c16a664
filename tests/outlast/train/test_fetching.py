"""Results are taken whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from outlast.train.fetching import fetch, parse_training
from service.errors import ModelMismatch
from service.stores.folder import FolderStore
from tests.outlast.train.finished import INPUTS, finish


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return finish(tmp_path / "out")


def test_what_a_job_wrote_is_fetched(out: Path, tmp_path: Path) -> None:
    trained = fetch(FolderStore(out), tmp_path / "one")
    assert (trained.problem, trained.winner, trained.inputs, trained.passed) == ("digits", "softmax", INPUTS, True)
    found = {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()}
    assert found == {path.name: path.read_bytes() for path in out.iterdir()}


def test_a_job_that_did_not_finish_is_told(out: Path, tmp_path: Path) -> None:
    (out / "training.json").unlink()
    with pytest.raises(ModelMismatch, match="did not finish writing its results"):
        fetch(FolderStore(out), tmp_path / "one")
    assert not (tmp_path / "one").exists()


def test_files_that_are_cut_changed_or_missing_are_all_named_and_nothing_stays(out: Path, tmp_path: Path) -> None:
    model = out / "model.onnx"
    model.write_bytes(model.read_bytes()[:-100])
    (out / "report.html").unlink()
    (out / "golden.json").write_text("[]")
    with pytest.raises(ModelMismatch) as caught:
        fetch(FolderStore(out), tmp_path / "one")
    assert [mistake.place for mistake in caught.value.mistakes] == ["golden.json", "model.onnx", "report.html"]
    assert not (tmp_path / "one").exists()


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../b", ""])
def test_a_list_that_leads_out_of_the_folder_is_refused(name: str, out: Path, tmp_path: Path) -> None:
    finish(out, files=[{"name": name, "sha256": "0" * 64, "bytes": 1}])
    with pytest.raises(ModelMismatch, match="does not say what was trained"):
        fetch(FolderStore(out), tmp_path / "one")


@pytest.mark.parametrize(
    ("key", "value"),
    [("schema", 2), ("passed", "yes"), ("seconds", "1"), ("files", []), ("fits", {}), ("inputs", {"schema": 1})],
)
def test_what_says_too_little_is_refused(key: str, value: Any, out: Path) -> None:
    document = json.loads((out / "training.json").read_bytes())
    with pytest.raises(ModelMismatch):
        parse_training(json.dumps(document | {key: value}).encode(), "training.json")
    with pytest.raises(ModelMismatch, match="was cut"):
        parse_training(json.dumps(document).encode()[:-1], "training.json")
