"""A folder as a store: one file for each key."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from service.bundle.writing import sync_folder
from service.errors import InvalidInput, Refused, Unavailable
from service.stores.store import Entry

_SCRATCH = ".scratch."


@dataclass(frozen=True)
class FolderStore:
    """The files below a folder, which is made by the first that is written."""

    root: Path

    def put_if_absent(self, key: str, content: bytes | BinaryIO) -> bool:
        """Write beside, sync, and link under its name, which fails where that name is taken."""
        path = self._path(key)
        if path.exists():
            return False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            is_new = _write(path, content)
        except OSError as error:
            what = f"{path} cannot be written: {error.strerror}"
            raise Unavailable(what, hint="free some disk space or correct the folder's rights") from error
        sync_folder(path.parent)
        return is_new

    def read_range(self, key: str, start: int, length: int, *, version: str = "") -> bytes:
        """Some bytes of a file."""
        path = self._path(key)
        try:
            with path.open("rb") as stream:
                if version and version != _describe(path, key).version:
                    raise Refused(f"{path} was changed while it was read", hint="repeat the command")
                stream.seek(start)
                return stream.read(length)
        except FileNotFoundError as error:
            raise InvalidInput(f"there is no {path}", hint="is the path right?") from error
        except OSError as error:
            raise Unavailable(f"{path} cannot be read: {error.strerror}", hint="correct the file's rights") from error

    def find(self, key: str) -> Entry | None:
        """What is there under a key."""
        path = self._path(key)
        return _describe(path, key) if path.is_file() else None

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """The files whose names, seen from the root, begin with the prefix."""
        below = self._path(prefix.rpartition("/")[0])
        for path in sorted(below.rglob("*")):
            key = path.relative_to(self.root).as_posix()
            if key.startswith(prefix) and path.is_file() and not path.name.startswith(_SCRATCH):
                yield _describe(path, key)

    def name(self, key: str) -> str:
        """The path of a key."""
        return str(self._path(key))

    def _path(self, key: str) -> Path:
        if ".." in key.split("/") or key.startswith("/"):
            raise InvalidInput(
                f"{key!r} is no key of {self.root}: it leads out of the folder", hint="name it without .."
            )
        return self.root / key


def _write(path: Path, content: bytes | BinaryIO) -> bool:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=_SCRATCH) as scratch:
        scratch.write(content) if isinstance(content, bytes) else shutil.copyfileobj(content, scratch)
        scratch.flush()
        os.fchmod(scratch.fileno(), 0o644)
        os.fsync(scratch.fileno())
        try:
            os.link(scratch.name, path)
        except FileExistsError:
            return False
    return True


def _describe(path: Path, key: str) -> Entry:
    status = path.stat()
    return Entry(key, status.st_size, f"{status.st_size} {status.st_mtime_ns}")
