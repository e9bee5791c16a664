"""What one run copies, decided from what the source and the stores hold. Pure.

The stores have no clock and no lock in common. So a set's manifests are numbered; what is behind or ahead follows from
the numbers, and two runs that wrote one number at once are seen by the next, which settles it with a higher one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from outlast.sync.manifest import File, Manifest
from service.errors import Mistake, Refused

LARGEST = 5_000_000_000_000
"""Bytes of one object in every store: Google takes 5 TiB, the others no less (their references)."""


@dataclass(frozen=True)
class Held:
    """What a store holds of one set: its manifests, and the size of every blob by its SHA-256."""

    name: str
    manifests: tuple[Manifest, ...] = ()
    blobs: Mapping[str, int] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """The highest number there; 0 in an empty store."""
        return max((manifest.number for manifest in self.manifests), default=0)

    @property
    def newest(self) -> tuple[Manifest, ...]:
        """The manifests of the highest number: several where runs wrote at once."""
        return tuple(manifest for manifest in self.manifests if manifest.number == self.number)

    def is_in_step(self, manifest: Manifest) -> bool:
        """Whether these files, and no others, are its newest, as far as its manifests say."""
        return bool(self.manifests) and all(one.files == manifest.files for one in self.newest)


@dataclass(frozen=True)
class Work:
    """What a store lacks: blobs to write, blobs that are there and were never proven, and the manifest.

    `dropped` are files of its newest manifest that the new one has not; their bytes stay. `wrong` says which blobs have
    not the size of what they were: they stay as well, and no manifest is written that would name them.
    """

    store: str
    write: tuple[File, ...] = ()
    prove: tuple[File, ...] = ()
    manifest: bool = False
    dropped: tuple[File, ...] = ()
    wrong: tuple[str, ...] = ()

    @property
    def write_bytes(self) -> int:
        """What goes there."""
        return sum(file.size for file in self.write)

    @property
    def read_bytes(self) -> int:
        """What comes back from there to be compared."""
        return self.write_bytes + sum(file.size for file in self.prove)


def choose_manifest(
    what: str, files: tuple[File, ...], stores: Sequence[Held], now: datetime, *, as_newest: bool = False
) -> Manifest:
    """The manifest to copy for files that are in no store's own form: one that is there already, or the next number.

    Raises Refused where the files are what a store held earlier, unless that is to be the newest again.
    """
    every = [manifest for store in stores for manifest in store.manifests]
    top = max((store.number for store in stores), default=0)
    same = [manifest for manifest in every if manifest.files == files]
    known = max(same, key=lambda manifest: (manifest.number, manifest.key), default=None)
    if known and known.number == top and all(one.files == files for one in every if one.number == top):
        return known
    if known and known.number < top and not as_newest:
        ahead = [store for store in stores if store.number > known.number]
        mistakes = [Mistake(one.name, f"is ahead: it holds number {one.number}") for one in ahead]
        hint = "copy from a store that is ahead, or make these files the newest: repeat it with --as-newest"
        raise Refused(f"the source is number {known.number} of {what}, which is not the newest", mistakes, hint=hint)
    return Manifest(what, top + 1, now.isoformat(timespec="seconds"), files)


def check_source(source: Held) -> Manifest:
    """The newest manifest of a store that is copied from. Raises Refused where two runs wrote at once."""
    newest = sorted(source.newest, key=lambda manifest: manifest.key)
    if not source.is_in_step(newest[0]):
        what = f"{source.name} holds {len(newest)} different manifests number {source.number}: two runs wrote at once"
        raise Refused(what, hint="copy there from the folder that is right: that becomes the next number")
    return newest[0]


def refuse_ahead(manifest: Manifest, stores: Iterable[Held]) -> None:
    """Raises Refused where a store holds a later manifest than the one to copy there, or another of its number."""
    mistakes = []
    for store in stores:
        if store.number > manifest.number and not store.is_in_step(manifest):
            mistakes.append(Mistake(store.name, f"is ahead: it holds number {store.number}"))
        elif store.number == manifest.number and not store.is_in_step(manifest):
            mistakes.append(Mistake(store.name, f"holds another number {store.number}: two runs wrote at once"))
    if mistakes:
        hint = "copy from the store that is right; where none is, from a folder: that becomes the next number"
        raise Refused(f"number {manifest.number} of {manifest.what} is not the newest", mistakes, hint=hint)


def plan_work(manifest: Manifest, held: Held) -> Work:
    """What one store lacks of a manifest."""
    proven = {sha256 for one in held.manifests for sha256 in one.blobs}
    lacking = [file for sha256, file in manifest.blobs.items() if sha256 not in held.blobs]
    there = [file for sha256, file in manifest.blobs.items() if sha256 in held.blobs]
    wrong = [f for f in there if held.blobs[f.sha256] != f.size]
    unproven = [f for f in there if f.sha256 not in proven and f not in wrong]
    names = {file.name for file in manifest.files}
    dropped = {file for one in held.newest for file in one.files if file.name not in names}
    writes = held.number < manifest.number or not held.is_in_step(manifest)
    told = [f"{held.name.rstrip('/')}/{f.key} has {held.blobs[f.sha256]} bytes, not {f.size}" for f in wrong]
    return Work(held.name, tuple(lacking), tuple(unproven), writes, tuple(sorted(dropped)), tuple(sorted(told)))


@dataclass(frozen=True)
class Lag:
    """How far a copy is behind the newest that any of them holds."""

    store: str
    number: int
    made: str
    behind: int
    files: int
    size: int
    contested: bool = False

    @property
    def is_behind(self) -> bool:
        """Whether it is not what the others are."""
        return bool(self.behind or self.files or self.contested)


def measure_lags(stores: Sequence[Held]) -> list[Lag]:
    """Each store's distance from the newest manifest of all: in numbers, and in files and bytes that it lacks."""
    newest = max((m for s in stores for m in s.newest), key=lambda m: (m.number, m.key), default=None)
    return [_measure(store, newest) for store in stores]


def _measure(store: Held, newest: Manifest | None) -> Lag:
    if newest is None:
        return Lag(store.name, 0, "", 0, 0, 0)
    lacking = [file for sha256, file in newest.blobs.items() if sha256 not in store.blobs]
    made = max((manifest.made for manifest in store.newest), default="")
    behind = newest.number - store.number
    contested = not behind and not store.is_in_step(newest)
    return Lag(store.name, store.number, made, behind, len(lacking), sum(file.size for file in lacking), contested)
