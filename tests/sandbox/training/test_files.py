"""What is copied into a job's folder, and what is carried out of it."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from sandbox.clouds.object_store import ObjectStore
from sandbox.training.files import Saving, bring_in, list_keys
from sandbox.training.order import Mount


@pytest.fixture
def objects(tmp_path: Path) -> ObjectStore:
    store = ObjectStore(tmp_path / "objects")
    for name in ("bucket/data/a.csv", "bucket/data/sub/b.csv", "bucket/data-other/c.csv"):
        store.change(name, name.encode(), lambda there: True)
    return store


def test_a_folder_comes_with_all_below_it_and_an_object_alone(objects: ObjectStore, tmp_path: Path) -> None:
    folder = Mount("/in/all", "bucket", "data")
    assert bring_in(objects, folder, tmp_path) == 2
    assert (tmp_path / "in/all/sub/b.csv").read_text() == "bucket/data/sub/b.csv"
    one = Mount("/in/one.csv", "bucket", "data/a.csv", is_folder=False)
    assert bring_in(objects, one, tmp_path) == 1
    assert (tmp_path / "in/one.csv").read_text() == "bucket/data/a.csv"
    assert list_keys(objects, Mount("/in/none", "bucket", "none")) == {}
    assert list_keys(objects, Mount("/in/none", "bucket", "data/none.csv", is_folder=False)) == {}


def test_only_what_was_written_is_carried(objects: ObjectStore, tmp_path: Path) -> None:
    mount = Mount("/out", "bucket", "data", saved="live")
    bring_in(objects, mount, tmp_path)
    saving = Saving(objects, mount, tmp_path)
    objects.change("bucket/data/a.csv", b"somebody else's", lambda there: True)
    (tmp_path / "out/new").mkdir()
    (tmp_path / "out/new/fit").write_text("1")
    saving.save()
    assert objects.read("bucket/data/new/fit") == b"1"
    assert objects.read("bucket/data/a.csv") == b"somebody else's"
    (tmp_path / "out/new/fit").write_text("half, and the rest")
    saving.save()
    assert objects.read("bucket/data/new/fit") == b"half, and the rest"


def test_an_archive_holds_every_file(objects: ObjectStore, tmp_path: Path) -> None:
    mount = Mount("/model", "bucket", "output/job/output", saved="end", archive=True)
    (tmp_path / "model/sub").mkdir(parents=True)
    saving = Saving(objects, mount, tmp_path)
    saving.save()
    assert objects.names("bucket/output") == []
    (tmp_path / "model/sub/x").write_text("x")
    (tmp_path / "model/y").write_text("y")
    saving.save()
    packed = objects.read("bucket/output/job/output/model.tar.gz") or b""
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        assert archive.getnames() == ["sub/x", "y"]
