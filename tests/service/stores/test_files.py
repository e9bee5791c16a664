"""An object in a store reads like a file on a disk, in few requests."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from service.errors import Refused
from service.stores import files
from service.stores.address import Address
from service.stores.files import StoreFile
from service.stores.folder import FolderStore
from service.tables.encoding import open_bytes

CONTENT = bytes(range(256)) * 4_000


class _Counted(FolderStore):
    """A folder in the place of a bucket, which counts what is asked of it."""

    asked: int = 0

    def read_range(self, key: str, start: int, length: int, *, version: str = "") -> bytes:
        type(self).asked += 1
        return super().read_range(key, start, length, version=version)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    store = _Counted(tmp_path)
    monkeypatch.setattr(_Counted, "asked", 0)
    monkeypatch.setattr(files, "_open", lambda bucket: store)
    return tmp_path


def _file(folder: Path, content: bytes) -> StoreFile:
    (folder / "d").mkdir()
    (folder / "d/t.csv").write_bytes(content)
    entry = FolderStore(folder).find("d/t.csv")
    assert entry is not None
    return StoreFile(Address("s3", "", "bucket", "d/t.csv"), entry.size, entry.version)


def test_it_reads_and_seeks_as_a_file_does(folder: Path) -> None:
    file = _file(folder, CONTENT)
    assert (file.name, str(file), file.is_file()) == ("t.csv", "s3://bucket/d/t.csv", True)
    plain = io.BytesIO(CONTENT)
    with file.open("rb") as stream:
        for offset, whence, size in ((0, 0, 10), (500_000, 0, 200_000), (-7, 2, 100), (-90_000, 1, 80_000), (3, 0, -1)):
            assert stream.seek(offset, whence) == plain.seek(offset, whence)
            assert stream.read(size) == plain.read(size)
            assert stream.tell() == plain.tell()
        assert stream.read(1) == b""


def test_reading_in_order_asks_for_longer_and_longer_pieces(folder: Path) -> None:
    file = _file(folder, CONTENT)
    with file.open("rb") as stream:
        while stream.read(10_000):
            pass
    assert _Counted.asked <= 6, "64, 128, 256, 512 kB, and the rest"


def test_what_is_packed_is_unpacked(folder: Path) -> None:
    with open_bytes(_file(folder, gzip.compress(CONTENT))) as stream:
        stream.seek(1000)
        assert stream.read(50) == CONTENT[1000:1050]


def test_an_object_that_changed_is_not_read_half_old_half_new(folder: Path) -> None:
    file = _file(folder, CONTENT)
    with file.open("rb") as stream:
        stream.read(10)
        (folder / "d/t.csv").write_bytes(CONTENT + b"more")
        with pytest.raises(Refused, match="changed while it was read"):
            stream.read(900_000)
