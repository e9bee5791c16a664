"""A file that was cut or altered is told from a whole one, wherever it was cut."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.training.sealed import read_sealed, write_sealed

CONTENT = b"first\nsecond\x00\xff" * 20


@pytest.mark.parametrize("content", [b"", b"\n", CONTENT])
def test_what_is_written_is_read(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "in" / "a.folder" / "file"
    write_sealed(path, content)
    assert read_sealed(path) == content


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    assert read_sealed(tmp_path / "none") is None


def test_a_file_cut_anywhere_is_none(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_sealed(path, CONTENT)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert read_sealed(path) is None, length
    path.write_bytes(whole[:-1] + b"!")
    assert read_sealed(path) is None
