"""The chain through a journal: every entry carries its own hash and that of the entry before it. Pure.

`hash` is the SHA-256 of the entry without that field, as JSON with sorted keys and no spaces; `prev` is the hash of the
entry before, as in the service's audit log. So a journal that was cut, edited, reordered or added to says so, and at
which entry. Whoever can write the file can also chain it anew: the last hash, the head, is therefore printed when a
drill ends and stands in its reports (docs/decisions/0008-what-a-journal-proves.md).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

GENESIS = "0" * 64
REOPENED = "reopened"
"""The entry with which another process goes on: `torn` is the half line that it found at the end, if any."""

Entry = dict[str, Any]


@dataclass(frozen=True)
class Damage:
    """One thing wrong with a journal: which entry, counted from 1, and what."""

    entry: int
    what: str

    def __str__(self) -> str:
        return f"entry {self.entry} {self.what}"


@dataclass(frozen=True)
class ChainReport:
    """What the chain of one journal says. `unchained`: entries from before journals were chained; `torn`: by a kill."""

    entries: int
    unchained: int
    head: str
    torn: bool
    damages: tuple[Damage, ...]

    @property
    def whole(self) -> bool:
        """Whether every entry is chained and none is damaged."""
        return self.entries > 0 and not self.unchained and not self.damages

    def __str__(self) -> str:
        if self.damages:
            return f"{len(self.damages)} of {self.entries} entries do not fit the chain"
        if self.unchained:
            return f"{self.unchained} of {self.entries} entries are not chained: a change of them would not be seen"
        return f"{self.entries} entries, chained without a gap"


def hash_entry(entry: Mapping[str, Any]) -> str:
    """The hash of an entry; its own `hash` field, if any, is left out."""
    bare = {name: value for name, value in entry.items() if name != "hash"}
    return hashlib.sha256(json.dumps(bare, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def link(entry: Entry, prev: str) -> Entry:
    """The entry, chained behind the one whose hash is `prev`."""
    linked = {**entry, "prev": prev}
    return {**linked, "hash": hash_entry(linked)}


def is_as_written(entry: Mapping[str, Any]) -> bool:
    """Whether the entry has its own hash, or is of a journal from before there were any."""
    return "hash" not in entry or entry["hash"] == hash_entry(entry)


def verify_chain(lines: Sequence[Entry | str]) -> ChainReport:
    """Check a journal's lines in order: entries, and as text what could not be read as one."""
    entries = [line for line in lines if not isinstance(line, str)]
    unchained = len(list(_leading_unchained(lines)))
    torn = bool(lines) and isinstance(lines[-1], str)
    head = _hash_of(entries[-1]) if entries else GENESIS
    return ChainReport(len(entries), unchained, head, torn, tuple(_find_damages(lines, unchained)))


def _leading_unchained(lines: Iterable[Entry | str]) -> Iterator[Entry]:
    for line in lines:
        if isinstance(line, str) or "hash" in line:
            return
        yield line


def _find_damages(lines: Sequence[Entry | str], unchained: int) -> Iterator[Damage]:
    prev, lost = GENESIS, False
    for number, line in enumerate(lines, start=1):
        if isinstance(line, str):
            following = lines[number] if number < len(lines) else None
            explained = following is None or _explains(following, line)
            if not explained:
                yield Damage(number, "cannot be read")
            lost = lost or not explained
            continue
        if number > unchained:
            yield from (Damage(number, what) for what in _judge(line, prev, lost))
        prev, lost = _hash_of(line), False


def _explains(following: Entry | str, torn: str) -> bool:
    """Whether the next entry is of a process that found this half line and said so."""
    return not isinstance(following, str) and following.get("kind") == REOPENED and following.get("torn") == torn


def _judge(entry: Entry, prev: str, lost: bool) -> Iterator[str]:
    if "hash" not in entry:
        yield "carries no hash, although those before it do: it was added or stripped"
        return
    if entry["hash"] != hash_entry(entry):
        yield "was changed after it was written"
    if entry.get("prev") != prev and not lost:
        yield "does not follow from the one before: an entry was taken out, added or moved"


def _hash_of(entry: Entry) -> str:
    return str(entry.get("hash") or hash_entry(entry))
