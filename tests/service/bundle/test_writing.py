"""A file is written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from service.bundle.writing import write_whole


def test_a_file_is_whole_or_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "folder" / "file"
    write_whole(path, "old", mode=0o755)
    assert path.stat().st_mode & 0o777 == 0o755

    def fail(handle: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_file_and_folder_are_synced_before_it_is_said_to_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    sync = os.fsync

    def watch(handle: int) -> None:
        synced.append(os.fstat(handle).st_ino)
        sync(handle)

    monkeypatch.setattr(os, "fsync", watch)
    write_whole(tmp_path / "file", "größe")
    assert synced == [(tmp_path / "file").stat().st_ino, tmp_path.stat().st_ino]
    assert (tmp_path / "file").read_bytes() == "größe".encode()


def test_what_is_for_its_owner_alone_is_so_from_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[int] = []
    replace = Path.replace
    monkeypatch.setattr(
        Path, "replace", lambda self, to: (modes.append(self.stat().st_mode & 0o777), replace(self, to))[1]
    )
    write_whole(tmp_path / "key", b"secret", mode=0o600)
    assert modes == [0o600]
