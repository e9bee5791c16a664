"""What a table is read from: a file on a disk, an object in a store, or the text of a Parquet file."""

from __future__ import annotations

from typing import BinaryIO, Literal, Protocol


class Readable(Protocol):
    """Bytes under a name, opened as often as asked. A `pathlib.Path` is one; `str()` of it is what messages name."""

    @property
    def name(self) -> str:
        """The last part of the name."""

    def open(self, mode: Literal["rb"], /) -> BinaryIO:
        """The bytes from the first on; the stream can seek."""

    def is_file(self) -> bool:
        """Whether there is something to open."""
