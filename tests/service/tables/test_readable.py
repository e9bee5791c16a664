"""A table is read from anything that opens as bytes under a name."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO, Literal

from service.tables.csv_file import open_csv, read_fields
from service.tables.readable import Readable


class _InMemory:
    """Neither a path nor an object in a store."""

    name = "t.csv"

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __str__(self) -> str:
        return "memory"

    def open(self, mode: Literal["rb"], /) -> BinaryIO:
        return io.BytesIO(self._content)

    def is_file(self) -> bool:
        return True


def _rows(source: Readable) -> list[tuple[str, ...]]:
    table = open_csv(source)
    return [row.fields for part in table.read_parts() for row in read_fields(part, table)]


def test_what_opens_as_bytes_is_a_table(tmp_path: Path) -> None:
    content = b"a;b\n1;2,5\n3;4,5\n"
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    assert _rows(_InMemory(content)) == _rows(path) == [("1", "2,5"), ("3", "4,5")]
