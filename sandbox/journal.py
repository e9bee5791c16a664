"""The sandbox's memory: an append-only file of documents that survives kill -9 at any byte.

Each line is `<crc32 in hex> <json>`; the JSON is `{"key": …, "doc": …}`, and `doc: null` forgets the key. A line
that does not fit its checksum is named and left out; everything else is kept. Opening compacts the file.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from failover.errors import OutlastError, Unavailable

VERSION = 1
_HEADER = "outlast-journal"

Document = dict[str, Any]


class JournalVersion(OutlastError):
    """The journal was written by another version of the sandbox."""


class Journal(Mapping[str, Document]):
    """Documents by key, on disk before `put` returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged: list[str] = []
        self._documents: dict[str, Document] = {}
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            self._load()
        self._compact()
        self._file = path.open("ab")

    def __getitem__(self, key: str) -> Document:
        return self._documents[key]

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._documents))

    def __len__(self) -> int:
        return len(self._documents)

    def put(self, key: str, document: Document) -> None:
        """Remember `document` under `key`; returns once it is on disk."""
        self._append(key, document)

    def forget(self, key: str) -> None:
        """Forget `key`; returns once that is on disk. An unknown key is not an error."""
        if key in self._documents:
            self._append(key, None)

    def close(self) -> None:
        with self._lock:
            self._file.close()

    def _append(self, key: str, document: Document | None) -> None:
        line = _line({"key": key, "doc": document})
        with self._lock:
            start = self._file.tell()
            try:
                self._file.write(line)
                self._file.flush()
                os.fsync(self._file.fileno())
            except OSError as error:
                self._file.truncate(start)
                raise Unavailable(
                    f"the sandbox cannot write its journal {self.path}: {error.strerror}",
                    hint="free some disk space, then repeat the command: nothing was changed",
                ) from error
            # Only what is on disk counts: memory follows the file, never the other way round.
            if document is None:
                self._documents.pop(key, None)
            else:
                self._documents[key] = json.loads(json.dumps(document))

    def _load(self) -> None:
        lines = self.path.read_bytes().split(b"\n")
        if lines and lines[0]:
            _check_version(self.path, _parse(lines[0]))
        for number, line in enumerate(lines[1:], start=2):
            if not line:
                continue
            entry = _parse(line)
            if entry is None:
                self.damaged.append(f"{self.path.name}:{number}: {line[:60]!r}")
            elif entry["doc"] is None:
                self._documents.pop(entry["key"], None)
            else:
                self._documents[entry["key"]] = entry["doc"]
        if self.damaged:
            shutil.copyfile(self.path, self.path.with_suffix(".damaged"))

    def _compact(self) -> None:
        """Write what is remembered to a new file and put it in the old one's place."""
        new = self.path.with_suffix(".new")
        with new.open("wb") as file:
            file.write(_line({"key": _HEADER, "doc": {"version": VERSION}}))
            file.writelines(_line({"key": key, "doc": doc}) for key, doc in self._documents.items())
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)


def _line(entry: Document) -> bytes:
    text = json.dumps(entry, separators=(",", ":"), sort_keys=True).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _parse(line: bytes) -> Document | None:
    """The entry of one line, or None where the line does not fit its checksum."""
    checksum, _, text = line.partition(b" ")
    try:
        if int(checksum, 16) != zlib.crc32(text):
            return None
        entry: Document = json.loads(text)
    except ValueError:
        return None
    return entry


def _check_version(path: Path, header: Document | None) -> None:
    if header is None or header["key"] != _HEADER:
        return  # a damaged first line: the entries say for themselves whether they are whole
    found = header["doc"]["version"]
    if found != VERSION:
        raise JournalVersion(
            f"{path} was written by another version of the sandbox (format {found}, this one reads {VERSION})",
            hint="`make clean` forgets the simulated clouds and their Pulumi state; then `make up` starts afresh",
        )
