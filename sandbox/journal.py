"""The sandbox's memory: an append-only file of documents that survives kill -9 at any byte.

Each line is `<crc32 in hex> <json>`; the JSON is `{"doc": …, "key": …}`, and `doc: null` forgets the key. A line
that does not fit its checksum is named and left out; everything else is kept. Opening compacts the file, and so does
growing well beyond what is remembered.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from service.bundle.writing import sync_folder
from service.errors import OutlastError, Unavailable

VERSION = 1
# The file is compacted once it is larger than this and than four times what it has to hold.
COMPACT_BYTES = 4_000_000
_HEADER = "outlast-journal"
_FRESH = "`make clean` forgets the simulated clouds and their Pulumi state; then `make up` starts afresh"

Document = dict[str, Any]


class JournalVersion(OutlastError):
    """The journal was written by another version of the sandbox."""


class Journal(Mapping[str, Document]):
    """Documents by key, on disk before `put` returns. Thread-safe; one process at a time, which the caller sees to.

    Reading gives copies: only `put` changes what is remembered. `damaged` names the lines that were left out at
    opening; the file as it was found then lies beside the journal.

    Raises:
        JournalVersion: the file is of another format.
        Unavailable: the folder cannot be written.
    """

    def __init__(self, path: Path, *, compact_bytes: int = COMPACT_BYTES) -> None:
        self.path = path
        self.damaged: list[str] = []
        self._compact_bytes = compact_bytes
        self._lines: dict[str, bytes] = {}  # key -> its line of the file
        self._lock = threading.Lock()
        self._descriptor = -1
        self._size = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                self._load(path.read_bytes())
            self._compact()
        except OSError as error:
            raise _unwritable(path, error) from error

    def __getitem__(self, key: str) -> Document:
        document: Document = json.loads(self._lines[key].partition(b" ")[2])["doc"]
        return document

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._lines))

    def __len__(self) -> int:
        return len(self._lines)

    def put(self, key: str, document: Document) -> None:
        """Remember `document` under `key`; returns once it is on disk. Raises Unavailable and changes nothing else."""
        line = _line(key, document)
        with self._lock:
            self._append(line)
            self._lines[key] = line
            self._compact_if_grown()

    def forget(self, key: str) -> None:
        """Forget `key`; returns once that is on disk. An unknown key is not an error."""
        with self._lock:
            if key in self._lines:
                self._append(_line(key, None))
                del self._lines[key]
                self._compact_if_grown()

    def mentions(self, name: str) -> bool:
        """Whether any document that is remembered has `name` in its text."""
        wanted = name.encode()
        return any(wanted in line for line in list(self._lines.values()))

    def close(self) -> None:
        """Close the file; what is remembered can still be read."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self._descriptor = -1

    def _append(self, line: bytes) -> None:
        """Only what is on disk counts: memory follows the file, never the other way round."""
        if self._descriptor < 0:
            raise Unavailable(f"the sandbox's journal {self.path} is closed", hint="make up")
        try:
            _write_all(self._descriptor, [line])
        except OSError as error:
            # A disk that is full takes half a line. The next line must not begin in the middle of it.
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            raise _unwritable(self.path, error) from error
        self._size += len(line)

    def _compact_if_grown(self) -> None:
        if self._size > self._compact_bytes and self._size > 4 * sum(map(len, self._lines.values())):
            # Everything is on disk already: a compaction that fails costs space and loses nothing.
            with contextlib.suppress(OSError):
                self._compact()

    def _load(self, content: bytes) -> None:
        *lines, last = content.split(b"\n")
        # What a kill leaves behind the last line feed was never acknowledged: nothing is lost with it. Where it is
        # whole, only the line feed is missing or damaged.
        lines += [whole for whole in (last, last[:-1]) if _parse(whole)][:1]
        _check_version(self.path, _parse(lines[0]) if lines else None)
        self._lines, damaged = _replay(lines)
        self._lines.pop(_HEADER, None)
        self.damaged = [f"{self.path.name}:{number}: {lines[number - 1][:60]!r}" for number in damaged]
        if damaged:
            # One file for each damage that is found: a second one must not cover the first.
            self.path.with_suffix(f".damaged-{zlib.crc32(content):08x}").write_bytes(content)

    def _compact(self) -> None:
        """Write what is remembered to a new file and put it in the old one's place."""
        new = self.path.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            header = _line(_HEADER, {"version": VERSION})
            size = _write_all(descriptor, [header, *self._lines.values()])
            new.replace(self.path)
        except OSError:
            os.close(descriptor)
            new.unlink(missing_ok=True)
            raise
        sync_folder(self.path.parent)
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._size = descriptor, size


def _replay(lines: Iterable[bytes]) -> tuple[dict[str, bytes], list[int]]:
    """The line of every key that is remembered after `lines`, and the numbers of those that are damaged, from 1."""
    kept: dict[str, bytes] = {}
    damaged = []
    for number, line in enumerate(lines, 1):
        entry = _parse(line)
        if entry is None:
            damaged.append(number)
        elif entry[1] is None:
            kept.pop(entry[0], None)
        else:
            kept[entry[0]] = line + b"\n"
    return kept, damaged


def _line(key: str, document: Document | None) -> bytes:
    text = json.dumps({"key": key, "doc": document}, separators=(",", ":"), sort_keys=True).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _parse(line: bytes) -> tuple[str, Document | None] | None:
    """Key and document of one line, or None where the line does not fit its checksum or is no entry."""
    checksum, _, text = line.partition(b" ")
    try:
        if int(checksum, 16) != zlib.crc32(text):
            return None
        entry = json.loads(text)
        key, document = entry["key"], entry["doc"]
    except (ValueError, TypeError, KeyError):
        return None
    return (key, document) if isinstance(key, str) and isinstance(document, dict | None) else None


def _check_version(path: Path, header: tuple[str, Document | None] | None) -> None:
    if header is None or header[0] != _HEADER:
        return  # a damaged first line: the entries say for themselves whether they are whole
    found = (header[1] or {}).get("version")
    if found != VERSION:
        raise JournalVersion(
            f"{path} was written by another version of the sandbox (format {found}, this one reads {VERSION})",
            hint=_FRESH,
        )


def _write_all(descriptor: int, lines: Iterable[bytes]) -> int:
    """Write and sync; returns how many bytes. Unbuffered, so that nothing of a failed write comes later."""
    content = memoryview(b"".join(lines))
    size = len(content)
    while content:
        content = content[os.write(descriptor, content) :]
    os.fsync(descriptor)
    return size


def _unwritable(path: Path, error: OSError) -> Unavailable:
    return Unavailable(
        f"the sandbox cannot write its journal {path}: {error.strerror}",
        hint="free some disk space or mend the folder's rights, then repeat the command: nothing was changed",
    )
