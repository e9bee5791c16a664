"""A release is read whole or refused, with every reason; and the released models are found by name."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from service.bundle.folder import (
    choose_released,
    compute_digest,
    list_models,
    list_released,
    load_golden,
    load_release,
    read_digest,
    write_release,
)
from service.bundle.golden import render_golden
from service.bundle.manifest import render_manifest
from service.errors import InvalidInput, ModelMismatch, Unavailable

RELEASED = Path(__file__).parents[3] / "service" / "released" / "tumour"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RELEASED, tmp_path / "tumour"))


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


def test_golden_rows_need_no_model_beside_them(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    by_folder, by_file = load_golden(folder), load_golden(folder / "golden.json")
    assert by_folder == by_file
    assert by_folder.digest == read_digest(folder)
    assert by_folder.path == "/v2/models/tumour/infer"
    assert {row.label for row in by_folder.rows} == {"benign", "malignant"}


def test_golden_rows_that_the_manifest_did_not_pin_are_refused(folder: Path) -> None:
    path = folder / "golden.json"
    path.write_text(path.read_text().replace("malignant", "benign", 1))
    with pytest.raises(ModelMismatch, match="the manifest pins"):
        load_golden(path)


def test_golden_rows_without_a_manifest_are_refused(folder: Path) -> None:
    (folder / "manifest.json").unlink()
    with pytest.raises(InvalidInput, match=r"manifest\.json cannot be read"):
        load_golden(folder / "golden.json")


def test_a_digest_is_read_without_the_rest(folder: Path) -> None:
    assert read_digest(folder) == load_release(RELEASED).digest
    (folder / "manifest.json").unlink()
    with pytest.raises(Unavailable, match="no released model"):
        read_digest(folder)


def test_the_only_released_model_needs_no_name(folder: Path) -> None:
    assert choose_released(None, released=folder.parent) == folder
    shutil.copytree(folder, folder.with_name("other"))
    (folder.parent / "no-model").mkdir()
    assert list_released(folder.parent) == ("other", "tumour")
    assert choose_released("other", released=folder.parent) == folder.with_name("other")


def test_which_of_several_models_is_asked_for_by_name(folder: Path) -> None:
    shutil.copytree(folder, folder.with_name("other"))
    with pytest.raises(InvalidInput, match="other and tumour") as caught:
        choose_released(None, released=folder.parent)
    assert "--model other" in caught.value.hint
    with pytest.raises(InvalidInput, match="no model 'tumor'") as caught:
        choose_released("tumor", released=folder.parent)
    assert "other, tumour" in caught.value.hint


def test_a_draft_is_found_by_its_name_only_and_hidden_by_a_release(folder: Path, tmp_path: Path) -> None:
    drafts = tmp_path / "drafts"
    for name in ("mine", "tumour"):
        shutil.copytree(folder, drafts / name)
    found = list_models(released=folder.parent, drafts=drafts)
    assert found == {"mine": drafts / "mine", "tumour": folder}
    assert choose_released("mine", released=folder.parent, drafts=drafts) == drafts / "mine"
    assert choose_released(None, released=folder.parent, drafts=drafts) == folder
    assert choose_released("mine", released=tmp_path / "none", drafts=drafts) == drafts / "mine"


def test_where_nothing_is_released_the_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=str(tmp_path)):
        choose_released(None, released=tmp_path)


def test_drills_and_stacks_read_a_release_with_the_standard_library() -> None:
    code = (
        "import sys, service.bundle.folder, service.bundle.golden;"
        "print(*sorted({name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names))"
    )
    # -S: without it, hooks of installed packages are imported at start.
    found = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True).stdout
    assert set(found.split()) <= {"__main__", "service"}
