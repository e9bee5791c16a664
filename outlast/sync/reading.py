"""Reads what a store holds of a set, and what a source is: files as they lie, or a store that copies were made in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from outlast.sync.manifest import (
    BLOBS,
    MANIFESTS,
    File,
    Manifest,
    is_manifest_key,
    is_safe_name,
    parse_manifest,
    sort_files,
)
from outlast.sync.plan import LARGEST, Held, check_source
from service.bundle.manifest import MANIFEST_FILE
from service.bundle.manifest import parse_manifest as parse_model
from service.bundle.reading import is_sha256
from service.errors import InvalidInput, Mistake, ModelMismatch
from service.stores.opening import open_store
from service.stores.store import Entry, Store, read_whole

PIECE = 1 << 23


@dataclass(frozen=True)
class Source:
    """Files to copy. `manifest` is theirs where they lie in a store that copies were made in."""

    store: Store
    address: str
    files: tuple[File, ...]
    manifest: Manifest | None = None

    def key(self, file: File) -> str:
        """Where a file's bytes lie."""
        return file.key if self.manifest else file.name


def look(store: Store, name: str, what: str) -> Held:
    """What a store holds of a set. A manifest that was changed is refused, and named."""
    keys = [entry.key for entry in store.list(f"{MANIFESTS}{what}/") if is_manifest_key(entry.key)]
    manifests = tuple(parse_manifest(read_whole(store, key), key, store.name(key)) for key in keys)
    return Held(name, manifests, {sha256: entry.size for sha256, entry in list_blobs(store)})


def list_blobs(store: Store) -> Iterator[tuple[str, Entry]]:
    """The blobs of a store by the SHA-256 that each is named by."""
    for entry in store.list(BLOBS):
        sha256 = entry.key.removeprefix(BLOBS)
        if is_sha256(sha256):
            yield sha256, entry


def read_source(address: str, what: str) -> Source:
    """What is at an address: the newest manifest where there is one, else every file below it, read and hashed.

    Of models, only what is released: each with the files that its manifest pins, as it pins them.
    """
    store = open_store(address)
    held = look(store, address, what)
    if held.manifests:
        manifest = check_source(held)
        return Source(store, address, manifest.files, manifest)
    entries = [entry for entry in store.list() if not _is_hidden(entry.key) and not is_copy(entry.key)]
    if what == "models":
        entries = _only_models(entries)
    if not entries:
        hint = "name the folder in which each model has its own" if what == "models" else "name what holds the files"
        raise InvalidInput(f"{address} holds nothing of {what}", hint=hint)
    _refuse_unfit(store, entries)
    files = sort_files(File(entry.key, entry.size, hash_object(store, entry)) for entry in entries)
    if what == "models":
        _refuse_mismatch(store, files)
    return Source(store, address, files)


def read_pieces(store: Store, key: str, size: int, version: str = "") -> Iterator[bytes]:
    """An object's bytes in order, a piece at a time."""
    for start in range(0, size, PIECE):
        yield store.read_range(key, start, min(PIECE, size - start), version=version)


def hash_object(store: Store, entry: Entry, tell: Callable[[int], None] = lambda size: None) -> str:
    """The SHA-256 (hex) of what lies there now."""
    found = hashlib.sha256()
    for piece in read_pieces(store, entry.key, entry.size, entry.version):
        found.update(piece)
        tell(len(piece))
    return found.hexdigest()


def is_copy(key: str) -> bool:
    """Whether a key is one that copies are written under."""
    return is_manifest_key(key) or (key.startswith(BLOBS) and is_sha256(key.removeprefix(BLOBS)))


def _is_hidden(key: str) -> bool:
    return any(part.startswith(".") for part in key.split("/"))


def _only_models(entries: list[Entry]) -> list[Entry]:
    folders = {str(PurePosixPath(e.key).parent) for e in entries if PurePosixPath(e.key).name == MANIFEST_FILE}
    return [entry for entry in entries if str(PurePosixPath(entry.key).parent) in folders]


def _refuse_unfit(store: Store, entries: list[Entry]) -> None:
    mistakes = [
        Mistake(store.name(entry.key), f"has {entry.size} bytes, over {LARGEST}", "split it")
        for entry in entries
        if entry.size > LARGEST
    ]
    mistakes += [
        Mistake(store.name(entry.key), "has a name that not every store and system takes", "rename it")
        for entry in entries
        if not is_safe_name(entry.key)
    ]
    if mistakes:
        raise InvalidInput("not all files can be copied", mistakes)


def _refuse_mismatch(store: Store, files: tuple[File, ...]) -> None:
    """Raises ModelMismatch where a model is not what its manifest pins: a half-written one is never spread."""
    digests = {file.name: file.sha256 for file in files}
    mistakes = []
    for file in files:
        folder, name = PurePosixPath(file.name).parent, PurePosixPath(file.name).name
        if name != MANIFEST_FILE:
            continue
        place = store.name(file.name)
        model = parse_model(read_whole(store, file.name, sha256=file.sha256), place=place)
        for pinned in (model.model, model.golden):
            found = digests.get(str(folder / pinned.file))
            if found != pinned.sha256:
                mistakes.append(Mistake(place, f"pins {pinned.file}, which is {'another' if found else 'missing'}"))
    if mistakes:
        hint = "release the model again (docs/guides/release-a-model.md), or restore its folder"
        raise ModelMismatch("a model is not what its manifest pins", mistakes, hint=hint)
