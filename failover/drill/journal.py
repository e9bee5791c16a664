"""What a drill did and saw, on disk as it happens: the journal alone retells the run, and takes it back.

While a drill runs its folder holds `journal.jsonl`, one JSON object a line. A change is written and synced *before* it
is made, so that `kill -9` at any step loses nothing that has to be undone. When everything is undone the lines become
`journal.json` (one document, the same entries) and `journal.jsonl` goes: a `journal.jsonl` means an unfinished drill.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from failover.drill.changes import Change
from failover.drill.clock import WallClock
from service.bundle.writing import sync_folder, write_whole
from service.errors import InvalidInput

SCHEMA = 1
LINES, DOCUMENT = "journal.jsonl", "journal.json"
Entry = dict[str, Any]


def name_folder(utc: datetime) -> str:
    """The name of a drill's folder: its UTC time, sortable, and legal on every file system."""
    return utc.strftime("%Y-%m-%dT%H-%M-%SZ")


def new_folder(drills: Path, utc: datetime) -> Path:
    """A folder for a drill that begins now; the journal of another drill is never written over."""
    wanted = drills / name_folder(utc)
    taken = 1
    while wanted.exists():
        taken += 1
        wanted = drills / f"{name_folder(utc)}-{taken}"
    wanted.mkdir(parents=True)
    return wanted


class Journal:
    """Appends entries, from any thread. `at` in every entry is monotonic wall seconds since the start."""

    def __init__(self, path: Path, clock: WallClock, *, origin: float | None = None) -> None:
        self.path = path
        self._clock = clock
        self._origin = clock.wall_now() if origin is None else origin
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        _end_torn_line(path)
        self._file = path.open("a", encoding="utf-8", buffering=1)  # a line at a time: kill -9 tears none but the last
        sync_folder(path.parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def elapsed(self) -> float:
        """Wall seconds since the drill began."""
        return self._clock.wall_now() - self._origin

    def write(self, kind: str, *, at: float | None = None, **fields: Any) -> None:
        """Append one entry."""
        moment = self.elapsed() if at is None else at
        line = json.dumps({"at": round(moment, 4), "kind": kind, **fields}, separators=(",", ":"))
        with self._lock:
            self._file.write(line + "\n")

    def write_durably(self, kind: str, **fields: Any) -> None:
        """Append one entry and return only when the disk has it."""
        self.write(kind, utc=self._clock.utc().isoformat(timespec="milliseconds"), **fields)
        with self._lock:
            os.fsync(self._file.fileno())

    def finish(self) -> Path:
        """Turn the lines into journal.json, at once or not at all, and return its path."""
        self._file.close()
        return seal_journal(self.path)


def _end_torn_line(path: Path) -> None:
    """A line that kill -9 cut short must not swallow the next one."""
    if path.exists() and not path.read_bytes().endswith(b"\n"):
        with path.open("ab") as file:
            file.write(b"\n")


def seal_journal(lines: Path) -> Path:
    """Replace journal.jsonl by journal.json."""
    document = lines.with_name(DOCUMENT)
    entries = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in read_journal(lines))
    write_whole(document, f'{{"schema": {SCHEMA}, "entries": [\n{entries}\n]}}\n')
    lines.unlink(missing_ok=True)
    return document


def find_journal(path: Path) -> Path:
    """The journal file meant by `path`: itself, or the one in that folder; an unfinished one wins."""
    if path.is_dir():
        for name in (LINES, DOCUMENT):
            if (path / name).is_file():
                return path / name
        raise InvalidInput(f"{path} holds no {LINES} and no {DOCUMENT}", hint="name a drill's folder or its journal")
    if not path.is_file():
        raise InvalidInput(f"there is no journal at {path}", hint="the folders under drills/ hold one each")
    return path


def find_unfinished(drills: Path) -> list[Path]:
    """The journals under `drills` that a killed drill left, oldest first."""
    return sorted(drills.glob(f"*/{LINES}"))


def read_journal(path: Path) -> list[Entry]:
    """Every whole entry of a journal, finished or not; a line torn by a crash is left out."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".json":
        try:
            return list(json.loads(text)["entries"])
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInput(f"{path} is not a journal: {error}", hint="name a drill's folder") from error
    return list(_read_lines(text))


def _read_lines(text: str) -> Iterator[Entry]:
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and "kind" in entry:
            yield entry


@dataclass(frozen=True)
class Pending:
    """What a journal says is still changed, in the order in which it has to be undone, and the drill that did it."""

    drill_id: str
    changes: tuple[Change, ...]


def find_pending(entries: Sequence[Mapping[str, Any]]) -> Pending:
    """The changes that were begun and not undone, last first; a change counts from the line written before it."""
    drill_id = next((str(entry["drill_id"]) for entry in entries if entry["kind"] == "init"), "")
    undone = {entry["change"] for entry in entries if entry["kind"] == "undone"}
    begun = [Change.from_entry(entry) for entry in entries if entry["kind"] == "change"]
    return Pending(drill_id, tuple(change for change in reversed(begun) if change.name not in undone))
