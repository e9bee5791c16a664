"""Stores of copies for tests: in memory, that die at a chosen call, and folders with a model or some files in them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from outlast.sync.copying import Done, Target, copy
from outlast.sync.manifest import File, Manifest
from outlast.sync.plan import choose_manifest, plan_work
from outlast.sync.reading import Source, look
from service.errors import InvalidInput, Refused
from service.stores.folder import FolderStore
from service.stores.store import Entry, Store

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[3]
RELEASED = ROOT / "service" / "released"


class Killed(BaseException):
    """As SIGKILL: nothing that runs catches it."""


class Memory:
    """A store in memory. `on_call` is told of each call, before it has an effect and after, and may raise."""

    def __init__(self, name: str = "memory") -> None:
        self.objects: dict[str, bytes] = {}
        self.on_call: Callable[[str], None] = lambda call: None
        self._name = name

    def put_if_absent(self, key: str, content: bytes | BinaryIO) -> bool:
        self.on_call(f"before put {key}")
        whole = content if isinstance(content, bytes) else content.read()
        is_new = self.objects.setdefault(key, whole) is whole
        self.on_call(f"after put {key}")
        return is_new

    def read_range(self, key: str, start: int, length: int, *, version: str = "") -> bytes:
        self.on_call(f"read {key}")
        if key not in self.objects:
            raise InvalidInput(f"there is no {self.name(key)}")
        if version and version != self._version(key):
            raise Refused(f"{self.name(key)} was changed while it was read")
        return self.objects[key][start : start + length]

    def find(self, key: str) -> Entry | None:
        self.on_call(f"find {key}")
        return self._entry(key) if key in self.objects else None

    def list(self, prefix: str = "") -> Iterator[Entry]:
        self.on_call(f"list {prefix}")
        return iter([self._entry(key) for key in sorted(self.objects) if key.startswith(prefix)])

    def name(self, key: str) -> str:
        return f"{self._name}/{key}"

    def flip(self, key: str) -> None:
        """One bit of an object becomes another."""
        content = bytearray(self.objects[key])
        content[len(content) // 2] ^= 1
        self.objects[key] = bytes(content)

    def _entry(self, key: str) -> Entry:
        return Entry(key, len(self.objects[key]), self._version(key))

    def _version(self, key: str) -> str:
        return hashlib.md5(self.objects[key]).hexdigest()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def source_of(contents: dict[str, bytes], name: str = "source") -> Source:
    """A plain source in memory."""
    store = Memory(name)
    store.objects = dict(contents)
    files = tuple(sorted(File(key, len(content), digest(content)) for key, content in contents.items()))
    return Source(store, name, files)


def plan(source: Source, stores: dict[str, Store], what: str = "data") -> tuple[Source, Manifest, list[Target]]:
    """What a run would copy, as the command plans it."""
    held = [look(store, name, what) for name, store in stores.items()]
    manifest = source.manifest or choose_manifest(what, source.files, held, NOW)
    return source, manifest, [Target(stores[one.name], plan_work(manifest, one)) for one in held]


def sync(source: Source, stores: dict[str, Store], *, what: str = "data", at_once: int = 1) -> tuple[Manifest, Done]:
    """One whole run."""
    _, manifest, targets = plan(source, stores, what)
    return manifest, copy(source, manifest, targets, lambda size: None, at_once=at_once)


def write_models(folder: Path) -> Path:
    """A folder with one released model."""
    shutil.copytree(RELEASED / "tumour", folder / "tumour")
    return folder


def write_files(folder: Path, contents: dict[str, bytes]) -> Path:
    for name, content in contents.items():
        FolderStore(folder).put_if_absent(name, content)
    return folder
