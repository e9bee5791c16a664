"""An object in a store as a file that tables are read from, fetched in pieces that grow while it is read in order."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, BinaryIO, Literal, cast

from service.stores.address import Address
from service.stores.opening import open_store
from service.stores.store import Store

_FIRST_BYTES, _MOST_BYTES = 1 << 16, 1 << 23


@dataclass(frozen=True)
class StoreFile:
    """One object as it was found: another under the same key is refused while it is read."""

    address: Address
    size: int
    version: str

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.address.key.rpartition("/")[2]

    def __str__(self) -> str:
        return str(self.address)

    def open(self, mode: Literal["rb"], /) -> BinaryIO:
        """The bytes from the first on."""
        return cast(BinaryIO, io.BufferedReader(_Object(_open(self.address.root), self), buffer_size=_FIRST_BYTES))

    def is_file(self) -> bool:
        """Whether the object is there."""
        return _open(self.address.root).find(self.address.key) is not None


@lru_cache(maxsize=8)
def _open(bucket: Address) -> Store:
    return open_store(str(bucket))


class _Object(io.RawIOBase):
    """The bytes of an object. Each request costs a round trip, so each further piece is twice as long."""

    def __init__(self, store: Store, file: StoreFile) -> None:
        self._store, self._file = store, file
        self._at = self._start = 0
        self._piece, self._ahead = b"", _FIRST_BYTES

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size}[whence]
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        if not self._start <= self._at < self._start + len(self._piece):
            self._fetch()
        place = self._at - self._start
        piece = self._piece[place : place + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _fetch(self) -> None:
        length = max(0, min(self._ahead, self._file.size - self._at))
        self._start, self._piece = self._at, b""
        if length:
            self._piece = self._store.read_range(self._file.address.key, self._at, length, version=self._file.version)
            self._ahead = min(2 * self._ahead, _MOST_BYTES)
