"""What a source is and what a store holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from outlast.sync import reading
from outlast.sync.reading import look, read_source
from service.errors import Deviated, InvalidInput, ModelMismatch, Refused
from service.stores.folder import FolderStore
from tests.outlast.sync.stores import Memory, digest, source_of, sync, write_files, write_models

FILES = {"a.csv": b"1,2", "sub/b.csv": b"3,4", ".hidden": b"no", "sub/.git/x": b"no"}


def test_a_folder_is_its_files_without_what_is_hidden(tmp_path: Path) -> None:
    source = read_source(str(write_files(tmp_path, FILES)), "data")
    assert [(file.name, file.sha256) for file in source.files] == [
        ("a.csv", digest(b"1,2")),
        ("sub/b.csv", digest(b"3,4")),
    ]
    assert source.manifest is None
    assert source.key(source.files[0]) == "a.csv"


def test_a_store_of_copies_is_its_newest_manifest(tmp_path: Path) -> None:
    for contents in ({"a": b"1"}, {"a": b"1", "b": b"2"}):
        sync(source_of(contents), {"x": FolderStore(tmp_path)})
    source = read_source(str(tmp_path), "data")
    assert source.manifest is not None
    assert source.manifest.number == 2
    assert source.key(source.files[1]) == f"sha256/{digest(b'2')}"
    with pytest.raises(InvalidInput, match="holds nothing of feedback"):
        read_source(str(tmp_path), "feedback")


def test_of_models_only_what_is_released_is_read(tmp_path: Path) -> None:
    write_files(write_models(tmp_path), {"notes.txt": b"x", "draft/model.onnx": b"x"})
    names = [file.name for file in read_source(str(tmp_path), "models").files]
    assert names == ["tumour/golden.json", "tumour/manifest.json", "tumour/model.onnx"]


@pytest.mark.parametrize(("broken", "words"), [("another", "is another"), (None, "is missing")])
def test_a_model_that_is_not_what_its_manifest_pins_is_not_spread(
    tmp_path: Path, broken: str | None, words: str
) -> None:
    model = write_models(tmp_path) / "tumour" / "model.onnx"
    model.unlink() if broken is None else model.write_text(broken)
    with pytest.raises(ModelMismatch, match=f"pins model.onnx, which {words}"):
        read_source(str(tmp_path), "models")


def test_a_file_that_no_cloud_takes_at_once_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGEST", 2)
    with pytest.raises(InvalidInput, match=r"a\.csv: has 3 bytes, over 2"):
        read_source(str(write_files(tmp_path, FILES)), "data")


def test_a_long_file_is_hashed_by_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PIECE", 4)
    (file,) = read_source(str(write_files(tmp_path, {"a": b"0123456789"})), "data").files
    assert file.sha256 == digest(b"0123456789")


def test_nothing_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="holds nothing of models"):
        read_source(str(tmp_path / "gone"), "models")


def test_a_changed_manifest_is_refused_and_what_is_not_ours_is_passed_over() -> None:
    store = Memory("x")
    sync(source_of({"a": b"1"}), {"x": store})
    store.objects["manifests/data/notes.txt"] = store.objects["sha256/short"] = b"x"
    assert look(store, "x", "data").number == 1
    store.flip(next(key for key in store.objects if key.startswith("manifests/data/0")))
    with pytest.raises(Deviated, match=r"x/manifests/data/00000001-.* was changed"):
        look(store, "x", "data")


def test_a_source_that_two_runs_wrote_at_once_is_refused(tmp_path: Path) -> None:
    store, other = FolderStore(tmp_path / "x"), FolderStore(tmp_path / "y")
    sync(source_of({"a": b"1"}), {"x": store})
    manifest, _ = sync(source_of({"a": b"2"}), {"y": other})
    store.put_if_absent(manifest.key, manifest.content)
    with pytest.raises(Refused, match="two runs wrote at once"):
        read_source(str(tmp_path / "x"), "data")
