"""A place for bytes under keys, whichever cloud or folder it is: what is there is never overwritten or deleted.

`service.stores.opening` gives one for an address. Of an object that another process writes, a reader sees the whole or
nothing. Whether what was read is what was written is for SHA-256 to say, and not for a store's own tags, which differ
from cloud to cloud.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from service.errors import InvalidInput


@dataclass(frozen=True)
class Entry:
    """One object: its key, its size in bytes, and what changes when its content does ("" where a store has none)."""

    key: str
    size: int
    version: str


class Store(Protocol):
    """What every store can do. Keys are parts joined by `/`, below the address that the store was opened for.

    Each method raises InvalidInput for a key that is not there, and Unavailable for a store that does not answer or
    does not let the caller in; the message names the address.
    """

    def put_if_absent(self, key: str, content: bytes | BinaryIO) -> bool:
        """Write an object whole, on disk when this returns; False where one of that key is there, which stays."""

    def read_range(self, key: str, start: int, length: int, *, version: str = "") -> bytes:
        """Some bytes of an object; refused where `version` is given and no longer the object's."""

    def find(self, key: str) -> Entry | None:
        """What is there under a key."""

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """The objects whose keys begin with the prefix, a folder's name with `/` behind it, in the order of keys."""

    def name(self, key: str) -> str:
        """The address of a key, for messages."""


def read_whole(store: Store, key: str, *, sha256: str = "") -> bytes:
    """An object's bytes. Raises InvalidInput where there is none, or where they have another SHA-256 (hex)."""
    entry = store.find(key)
    if entry is None:
        raise InvalidInput(f"there is no {store.name(key)}", hint="is the address right?")
    content = store.read_range(key, 0, entry.size, version=entry.version)
    if sha256:
        check_digest(store.name(key), hashlib.sha256(content).hexdigest(), sha256)
    return content


def check_digest(name: str, found: str, expected: str) -> None:
    """Raises InvalidInput where an object is not what was written there."""
    if found != expected:
        what = f"{name} was changed since it was written: its SHA-256 is {found}, not {expected}"
        raise InvalidInput(what, hint="delete it, and repeat the command that writes it")
