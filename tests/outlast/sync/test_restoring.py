"""What was copied is had again under its own names; nothing that is there is overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from outlast.sync.reading import read_source
from outlast.sync.restoring import restore
from service.bundle.folder import load_release, read_digest
from service.errors import Deviated, Refused
from service.stores.folder import FolderStore
from tests.outlast.sync.stores import RELEASED, sync, write_models


def _copied(tmp_path: Path) -> Path:
    source = read_source(str(write_models(tmp_path / "released")), "models")
    sync(source, {"x": FolderStore(tmp_path / "store")}, what="models")
    return tmp_path / "store"


def test_a_model_is_had_again_as_it_was(tmp_path: Path) -> None:
    source = read_source(str(_copied(tmp_path)), "models")
    assert restore(source, tmp_path / "back") == 3
    assert load_release(tmp_path / "back" / "tumour").digest == read_digest(RELEASED / "tumour")
    assert restore(source, tmp_path / "back") == 0


def test_another_content_is_left_and_named(tmp_path: Path) -> None:
    source = read_source(str(_copied(tmp_path)), "models")
    there = tmp_path / "back" / "tumour" / "golden.json"
    there.parent.mkdir(parents=True)
    there.write_text("mine")
    with pytest.raises(Refused, match=r"golden\.json: is there with another content"):
        restore(source, tmp_path / "back")
    assert [path.name for path in there.parent.iterdir()] == ["golden.json"]


def test_a_model_whose_blob_was_changed_is_not_had_for_one(tmp_path: Path) -> None:
    source = read_source(str(_copied(tmp_path)), "models")
    file = next(file for file in source.files if file.name.endswith("model.onnx"))
    path = tmp_path / "store" / file.key
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(Deviated, match="is not what it was"):
        restore(source, tmp_path / "back")
    assert not (tmp_path / "back" / "tumour" / "manifest.json").exists()
