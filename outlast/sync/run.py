"""One run of `outlast sync`: reads the source and the stores, plans, copies, tells both before and after, remembers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from outlast.sync import remembered
from outlast.sync.copying import Done, Target, Tell, copy
from outlast.sync.manifest import File, Manifest
from outlast.sync.plan import Held, Work, choose_manifest, plan_work, refuse_ahead
from outlast.sync.reading import Source, look, read_source
from outlast.sync.reckoning import (
    Leg,
    describe_bytes,
    describe_prices,
    describe_usd,
    predict_seconds,
    sum_bytes,
    sum_usd,
)
from service.errors import OutlastError
from service.stores.opening import open_store
from service.stores.store import Store


@dataclass
class Run:
    """What is copied where. `unread` are stores that did not answer, or hold a manifest that was changed: they are left
    out, and the others copied to."""

    folder: Path
    source: Source
    manifest: Manifest
    targets: list[Target]
    unread: dict[str, OutlastError] = field(default_factory=dict)
    done: Done | None = None

    @property
    def size(self) -> int:
        """The bytes that the plan moves."""
        return sum(leg.into + leg.out for leg in self.legs)

    @property
    def legs(self) -> list[Leg]:
        """The bytes that the plan moves: each file out of the source once, into each store, and back out of it."""
        fetched = {file for target in self.targets for file in target.work.write}
        from_source = Leg(self.source.address, out=sum(file.size for file in fetched))
        return [from_source, *(Leg(t.address, t.work.write_bytes, t.work.read_bytes) for t in self.targets)]

    @property
    def moved_legs(self) -> list[Leg]:
        """The bytes that were moved."""
        fetched = self.done.fetched if self.done else 0
        return [Leg(self.source.address, out=fetched), *(Leg(t.address, t.written, t.read) for t in self.targets)]

    def execute(self, tell: Tell) -> None:
        """Copy, and remember where the copies are."""
        self.done = copy(self.source, self.manifest, self.targets, tell)
        known = remembered.load(self.folder)
        before = next((one for one in known if one.what == self.manifest.what), None)
        rate = sum_bytes(self.moved_legs) / self.done.seconds if sum_bytes(self.moved_legs) > 1_000_000 else 0.0
        places = tuple(target.address for target in self.targets) + tuple(self.unread)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        rate = rate or (before.bytes_per_second if before else 0.0)
        run = remembered.Remembered(
            self.manifest.what, _place(self.source.address), tuple(map(_place, places)), at, rate
        )
        remembered.save(self.folder, run, known)

    def describe_plan(self) -> Iterator[str]:
        """What would be moved, how long that takes, and what it costs."""
        files, what = self.manifest.files, self.manifest.what
        size = describe_bytes(sum(file.size for file in files))
        yield f"{what}: number {self.manifest.number}, {len(files)} files, {size}, from {self.source.address}"
        yield from (f"  {target.address}: {describe_work(target.work)}" for target in self.targets)
        known = [one.bytes_per_second for one in remembered.load(self.folder) if one.what == what]
        rate = known[0] if known else 0.0
        seconds = f"about {predict_seconds(self.legs, rate):.0f} s {'as measured last' if rate else 'by 100 Mbit/s'}"
        yield f"{seconds}, at most {describe_usd(sum_usd(self.legs))} of egress ({describe_prices()})"

    def describe_result(self) -> Iterator[str]:
        """What was moved, in what time, and what it cost at most."""
        for target in self.targets:
            error = target.error
            told = f"not complete: {_first_line(error)}" if error else f"holds number {self.manifest.number}"
            moved = f"{describe_bytes(target.written)} written, {describe_bytes(target.read)} read back"
            yield f"{target.address}: {told}; {moved}"
        seconds = self.done.seconds if self.done else 0.0
        moved = describe_bytes(sum(leg.into + leg.out for leg in self.moved_legs))
        yield f"{moved} moved in {seconds:.1f} s, at most {describe_usd(sum_usd(self.moved_legs))} of egress"

    def document(self) -> dict[str, Any]:
        """Plan and result as plain data."""
        legs = self.moved_legs if self.done else self.legs
        return {
            "set": self.manifest.what,
            "number": self.manifest.number,
            "files": len(self.manifest.files),
            "source": self.source.address,
            "seconds": self.done.seconds if self.done else None,
            "egress_usd": sum_usd(legs),
            "stores": [_document(target) for target in self.targets],
            "unread": {address: str(error) for address, error in self.unread.items()},
        }


def prepare(folder: Path, what: str, address: str, places: tuple[str, ...], *, as_newest: bool = False) -> Run:
    """Read the source and the stores, and plan. Nothing is written."""
    source = read_source(address, what)
    stores: dict[str, tuple[Store, Held]] = {}
    unread: dict[str, OutlastError] = {}
    for place in places:
        store = open_store(place)
        try:
            stores[place] = store, look(store, place, what)
        except OutlastError as error:
            unread[place] = error
    manifest = _choose(source, what, [held for _, held in stores.values()], as_newest)
    targets = [Target(store, plan_work(manifest, held)) for store, held in stores.values()]
    return Run(folder, source, manifest, targets, unread)


def _choose(source: Source, what: str, held: list[Held], as_newest: bool) -> Manifest:
    if source.manifest is None:
        return choose_manifest(what, source.files, held, datetime.now(UTC), as_newest=as_newest)
    refuse_ahead(source.manifest, held)
    return source.manifest


def describe_work(work: Work) -> str:
    """What a store lacks, in words."""
    parts = []
    if work.write:
        parts.append(f"{len(work.write)} blobs to write, {describe_bytes(work.write_bytes)}")
    if work.prove:
        parts.append(f"{len(work.prove)} there to be read back, as no manifest names them yet")
    if work.manifest:
        parts.append("the manifest")
    if work.wrong:
        parts.append(f"{len(work.wrong)} of another size than what was written")
    if work.dropped:
        parts.append(f"{len(work.dropped)} files extra, as earlier manifests have them: {_some(work.dropped)}")
    return "; ".join(parts) or "in step"


def _first_line(error: OutlastError) -> str:
    return error.what.partition("\n")[0]


def _some(files: tuple[File, ...]) -> str:
    names = ", ".join(file.name for file in files[:3])
    return names if len(files) <= 3 else f"{names}, …"


def _document(target: Target) -> dict[str, Any]:
    work = target.work
    return {
        "address": target.address,
        "to_write": len(work.write),
        "to_write_bytes": work.write_bytes,
        "to_prove": len(work.prove),
        "extra": [file.name for file in work.dropped],
        "written_bytes": target.written,
        "read_back_bytes": target.read,
        "error": str(target.error) if target.error else None,
    }


def _place(address: str) -> str:
    """An address that means the same from every folder."""
    return address if "://" in address else str(Path(address).resolve())
