"""What a path, an address or a pattern of either names: one file, or several in the order of their names."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import takewhile
from pathlib import Path

from service.errors import InvalidInput
from service.stores.address import Address, parse_address
from service.stores.files import StoreFile
from service.stores.opening import open_store
from service.stores.store import Entry
from service.tables.readable import Readable


@dataclass(frozen=True)
class Found:
    """The files; `is_pattern` says whether there could have been more or fewer of them."""

    files: tuple[Readable, ...]
    is_pattern: bool


def find_files(text: str) -> Found:
    """The files that a text names: `*`, `?` and `[…]` stay within a folder, `**` goes through folders.

    Raises InvalidInput where none is there.
    """
    place = parse_address(text)
    if isinstance(place, Address):
        return _find_objects(place)
    if place.is_dir():
        raise InvalidInput(f"{place} is a folder", hint=f"name the files in it: '{place}/*.csv'")
    if place.exists() or not glob.has_magic(str(place)):
        return Found((place,), False)
    fixed = list(takewhile(lambda part: not glob.has_magic(part), place.parts))
    below = Path(*fixed).glob("/".join(place.parts[len(fixed) :]))
    files = tuple(sorted((path for path in below if path.is_file() and not _is_hidden(path.name)), key=str))
    _refuse_nothing(text, files)
    return Found(files, True)


def version_of(file: Readable) -> str:
    """What changes when the file's content does."""
    if isinstance(file, StoreFile):
        return f"{file.size} {file.version}"
    if isinstance(file, Path):
        status = file.stat()
        return f"{status.st_size} {status.st_mtime_ns}"
    raise TypeError(f"{file} has no version")


def _find_objects(address: Address) -> Found:
    if not address.key or address.key.endswith("/"):
        below = f"{str(address).rstrip('/')}/*.csv"
        raise InvalidInput(f"{address} names no object", hint=f"name one, or several by a pattern: '{below}'")
    store = open_store(str(address.root))
    if (entry := store.find(address.key)) is not None:
        return Found((_file(address, entry),), False)
    if not glob.has_magic(address.key):
        raise InvalidInput(f"there is no {address}", hint="are bucket and key right?")
    wanted = address.key.split("/")
    listed = store.list(_folder_before_pattern(wanted))
    files = tuple(_file(address, entry) for entry in listed if _matches(entry.key.split("/"), wanted))
    _refuse_nothing(str(address), files)
    return Found(files, True)


def _file(address: Address, entry: Entry) -> StoreFile:
    return StoreFile(Address(address.scheme, address.account, address.bucket, entry.key), entry.size, entry.version)


def _folder_before_pattern(parts: Sequence[str]) -> str:
    return "".join(f"{part}/" for part in takewhile(lambda part: not glob.has_magic(part), parts))


def _is_hidden(name: str) -> bool:
    """Whether it is what programs write beside data, or have not finished."""
    return name.startswith(".")


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_matches(parts[skipped:], pattern[1:]) for skipped in range(len(parts) + 1))
    hidden = len(parts) == 1 and _is_hidden(parts[0])
    return bool(parts) and not hidden and fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])


def _refuse_nothing(text: str, files: Sequence[Readable]) -> None:
    if not files:
        raise InvalidInput(f"no file matches {text}", hint="quote a pattern, so that it comes here as it is written")
