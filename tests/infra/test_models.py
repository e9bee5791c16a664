"""The models of a stack, laid out for its image: they alone, whole, under a name that their digests make."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from infra.models import LAID_OUT, find_available, lay_out
from infra.overlay import ACCEPTED
from service.bundle.folder import RELEASED, list_released, read_digest
from service.errors import ModelMismatch, Unavailable

HERE = {name: RELEASED / name for name in list_released()}
DIGESTS = {name: read_digest(folder) for name, folder in HERE.items()}


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_stack_s_models_are_laid_out_and_no_other(tmp_path: Path) -> None:
    place = lay_out({"tumour": DIGESTS["tumour"]}, root=tmp_path, here=HERE)
    assert place.startswith(f"{LAID_OUT}/")
    assert files(tmp_path / place) == {f"tumour/{name}" for name in ("golden.json", "manifest.json", "model.onnx")}
    both = lay_out(DIGESTS, root=tmp_path, here=HERE)
    assert {path.name for path in (tmp_path / both).iterdir()} == set(DIGESTS)
    assert both != place


def test_the_same_models_have_the_same_place_in_any_order(tmp_path: Path) -> None:
    first = lay_out(DIGESTS, root=tmp_path, here=HERE)
    assert lay_out(dict(reversed(DIGESTS.items())), root=tmp_path / "..", here=HERE) == first


def test_what_was_laid_out_before_is_left_alone_unless_it_was_damaged(tmp_path: Path) -> None:
    models = {"tumour": DIGESTS["tumour"]}
    model = tmp_path / lay_out(models, root=tmp_path, here=HERE) / "tumour" / "model.onnx"
    before = model.stat().st_mtime_ns, model.stat().st_ino
    lay_out(models, root=tmp_path, here={})
    assert (model.stat().st_mtime_ns, model.stat().st_ino) == before
    whole = model.read_bytes()
    model.write_bytes(b"damaged")
    lay_out(models, root=tmp_path, here=HERE)
    assert model.read_bytes() == whole


def test_a_model_that_is_not_here_or_is_another_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="the model none is not here"):
        lay_out({"none": DIGESTS["tumour"]}, root=tmp_path, here=HERE)
    with pytest.raises(ModelMismatch, match="is to be served") as caught:
        lay_out({"tumour": DIGESTS["digits"]}, root=tmp_path, here=HERE)
    assert f"tumour@{DIGESTS['tumour']}" in caught.value.hint
    shutil.rmtree(tmp_path / LAID_OUT)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / LAID_OUT).write_text("in the way")
    with pytest.raises(Unavailable, match=r"cannot be laid out in .*/\.models"):
        lay_out({"tumour": DIGESTS["tumour"]}, root=tmp_path, here=HERE)


def test_a_site_is_held_to_the_traffic_that_names_it(tmp_path: Path) -> None:
    sites = '{"outlast:kind": traffic, "outlast:sites": [aws, gcp], "outlast:acceptedModels": ["sha256:1"]}'
    (tmp_path / "Pulumi.traffic.yaml").write_text(f"config: {sites}")
    (tmp_path / "Pulumi.other.yaml").write_text(f"config: {sites.replace('aws, gcp', 'azure')}")
    (tmp_path / "Pulumi.broken.yaml").write_text("config: [")
    assert find_available("aws", {}, stacks=tmp_path).accepted == {"traffic": ["sha256:1"]}
    assert find_available("aws", {ACCEPTED: ["sha256:2"]}, stacks=tmp_path).accepted == {"traffic": ["sha256:2"]}
    assert find_available("alone", {}, stacks=tmp_path).accepted == {}
    assert find_available("aws", {}).released == DIGESTS
    assert find_available("aws", {}).accepted == {}, "nobody said where the files of traffic lie"
