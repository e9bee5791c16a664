"""Reads back everything that a store holds, and says which object is not what its key says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from outlast.sync.manifest import BLOBS, MANIFESTS, Manifest, is_manifest_key, parse_manifest
from outlast.sync.reading import hash_object, list_blobs
from service.errors import Deviated, InvalidInput
from service.stores.store import Store, read_whole


@dataclass(frozen=True)
class Checked:
    """What a store holds. `changed` and `missing` are faults; `gone` is of earlier manifests, `extra` of none."""

    address: str
    manifests: int
    blobs: int
    size: int
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    gone: int
    extra: int
    extra_bytes: int

    @property
    def findings(self) -> list[str]:
        """Each fault with its key."""
        base = self.address.rstrip("/")
        wrong = [f"{base}/{key} was changed since it was written" for key in self.changed]
        return wrong + [f"{base}/{key} is missing" for key in self.missing]

    def document(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def measure(store: Store) -> int:
    """How many bytes a check reads."""
    manifests = sum(entry.size for entry in store.list(MANIFESTS) if is_manifest_key(entry.key))
    return manifests + sum(entry.size for _, entry in list_blobs(store))


def check(store: Store, address: str, tell: Callable[[int], None]) -> Checked:
    """Every manifest of every set, and every blob, whether or not a manifest names it."""
    manifests, changed = _read_manifests(store)
    blobs = dict(list_blobs(store))
    for sha256, entry in blobs.items():
        if hash_object(store, entry, tell) != sha256:
            changed.append(entry.key)
    named = {sha256 for manifest in manifests for sha256 in manifest.blobs}
    wanted = {sha256 for manifest in _newest(manifests) for sha256 in manifest.blobs}
    missing = tuple(f"{BLOBS}{sha256}" for sha256 in sorted(wanted - blobs.keys()))
    extra = [entry.size for sha256, entry in blobs.items() if sha256 not in named]
    gone = len(named - wanted - blobs.keys())
    size = sum(entry.size for entry in blobs.values())
    found = (len(manifests), len(blobs), size, tuple(changed), missing, gone, len(extra), sum(extra))
    return Checked(address, *found)


def _read_manifests(store: Store) -> tuple[list[Manifest], list[str]]:
    """The manifests that are as they were written, and the keys of the others."""
    found, changed = [], []
    for entry in store.list(MANIFESTS):
        if is_manifest_key(entry.key):
            try:
                found.append(parse_manifest(read_whole(store, entry.key), entry.key, store.name(entry.key)))
            except (Deviated, InvalidInput):
                changed.append(entry.key)
    return found, changed


def _newest(manifests: list[Manifest]) -> list[Manifest]:
    top: dict[str, int] = {}
    for manifest in manifests:
        top[manifest.what] = max(manifest.number, top.get(manifest.what, 0))
    return [manifest for manifest in manifests if manifest.number == top[manifest.what]]
