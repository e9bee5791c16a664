"""A folder as a store writes whole files, and none outside of itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from service.errors import InvalidInput, Unavailable
from service.stores.folder import FolderStore


def test_nothing_but_the_file_is_left_and_others_may_read_it(tmp_path: Path) -> None:
    FolderStore(tmp_path / "s").put_if_absent("a/b.csv", b"x")
    assert [path.name for path in tmp_path.rglob("*")] == ["s", "a", "b.csv"]
    assert (tmp_path / "s/a/b.csv").stat().st_mode & 0o777 == 0o644


def test_a_writer_that_died_leaves_nothing_that_is_listed(tmp_path: Path) -> None:
    (tmp_path / ".scratch.abc").write_bytes(b"half")
    store = FolderStore(tmp_path)
    assert list(store.list()) == []
    assert store.put_if_absent("a", b"whole")
    assert [entry.key for entry in store.list()] == ["a"]


@pytest.mark.parametrize("key", ["../a", "/etc/passwd", "a/../../b"])
def test_no_key_leads_out_of_the_folder(tmp_path: Path, key: str) -> None:
    with pytest.raises(InvalidInput, match="leads out of the folder"):
        FolderStore(tmp_path / "s").put_if_absent(key, b"x")


def test_a_folder_that_takes_nothing_says_so(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b"a file where the folder should be")
    with pytest.raises(Unavailable, match="cannot be written") as caught:
        FolderStore(tmp_path / "s").put_if_absent("a", b"x")
    assert caught.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put_if_absent("a", b"x")
    (tmp_path / "a").chmod(0)
    with pytest.raises(Unavailable, match="cannot be read"):
        store.read_range("a", 0, 1)
