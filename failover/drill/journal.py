"""What a drill did and saw, on disk as it happens: the journal alone retells the run, and takes it back.

While a drill runs its folder holds `journal.jsonl`, one JSON object a line, each chained to the one before
(`failover.drill.chain`). A change is written and synced *before* it is made, so that `kill -9` at any step loses
nothing that has to be undone. When everything is undone the lines become `journal.json` (one document, the same
entries) and `journal.jsonl` goes: a `journal.jsonl` means an unfinished drill.

A disk that takes no more is no reason to leave a site out: `write` remembers it as `trouble`, `write_durably` raises,
so that nothing more is changed, and `note` goes on, so that everything is undone.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Self

from failover.drill.chain import GENESIS, REOPENED, ChainReport, Damage, Entry, is_as_written, link, verify_chain
from failover.drill.clock import WallClock
from failover.drill.fleet import TAG_ID
from failover.levers.change import MARK, Change
from service.bundle.writing import sync_folder, write_whole
from service.errors import InvalidInput, Unavailable

SCHEMA = 2  # 1: not chained
LINES, DOCUMENT = "journal.jsonl", "journal.json"
_ROOM = "free some disk space under the folder of the drills"


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
    """Appends entries, from any thread. `at` in every entry is monotonic real seconds since the start."""

    def __init__(self, path: Path, clock: WallClock) -> None:
        self.path = path
        self.trouble = ""
        self._clock = clock
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = read_lines(path) if path.exists() else []
        self._prev = verify_chain(lines).head if lines else GENESIS
        self._origin = clock.wall_now() - _elapsed_before(lines, clock.utc())
        self._file: BinaryIO = path.open("ab", buffering=0)  # unbuffered: kill -9 loses no entry, at most half of one
        sync_folder(path.parent)
        if lines:
            self._go_on(lines[-1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def elapsed(self) -> float:
        """Wall seconds since the drill began."""
        return self._clock.wall_now() - self._origin

    def write(self, kind: str, *, at: float | None = None, **fields: Any) -> None:
        """Append one entry; that the disk does not take it is remembered in `trouble`."""
        moment = self.elapsed() if at is None else at
        with self._lock:
            try:
                self._append({"at": round(moment, 4), "kind": kind, **fields})
            except OSError as error:
                self.trouble = self.trouble or f"{self.path} cannot be written: {error.strerror}"

    def write_durably(self, kind: str, **fields: Any) -> None:
        """Append one entry and return only when the disk has it.

        Raises:
            Unavailable: the disk does not take it, or did not take an entry before.
        """
        self.write(kind, utc=self._clock.utc().isoformat(timespec="milliseconds"), **fields)
        if not self.trouble:
            with self._lock:
                os.fsync(self._file.fileno())
            return
        raise Unavailable(self.trouble, hint=f"{_ROOM}; no change is made without a line about it")

    def note(self, kind: str, **fields: Any) -> None:
        """Append one entry durably where the disk takes it: what is undone is undone, written down or not."""
        with contextlib.suppress(Unavailable):
            self.write_durably(kind, **fields)

    def finish(self) -> Path:
        """Turn the lines into journal.json, at once or not at all, and return its path.

        Raises:
            Unavailable: the disk has no room for it, or had none for an entry; the lines stay.
        """
        self._file.close()
        if self.trouble:
            raise Unavailable(
                f"{self.trouble}; everything is undone, but not all of it is written down",
                hint=f"{_ROOM}, then: outlast drill restore --journal {self.path.parent}",
            )
        return seal_journal(self.path)

    def _go_on(self, last: Entry | str) -> None:
        """Say that another process writes from here; half a line that kill -9 left must not swallow this one."""
        torn = last if isinstance(last, str) else ""
        if not self.path.read_bytes().endswith(b"\n"):
            with contextlib.suppress(OSError):
                self._file.write(b"\n")
        self.note(REOPENED, torn=torn)

    def _append(self, entry: Entry) -> None:
        linked = link(entry, self._prev)
        data = json.dumps(linked, separators=(",", ":")).encode() + b"\n"
        size = os.fstat(self._file.fileno()).st_size
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError:
            os.truncate(self._file.fileno(), size)  # half a line would swallow the next one
            raise
        self._prev = linked["hash"]


def _elapsed_before(lines: Sequence[Entry | str], utc: datetime) -> float:
    """Wall seconds since a drill began that another process goes on with; never before its last entry."""
    entries = [line for line in lines if not isinstance(line, str)]
    latest = max((float(entry.get("at", 0.0)) for entry in entries), default=0.0)
    began = next((entry["utc"] for entry in entries if entry["kind"] == "init" and "utc" in entry), None)
    if began is None:
        return latest
    return max(latest, (utc - datetime.fromisoformat(str(began))).total_seconds())


def seal_journal(lines: Path) -> Path:
    """Replace journal.jsonl by journal.json, entry for entry as it was written."""
    document = lines.with_name(DOCUMENT)
    texts = [text for text in _split(lines) if not isinstance(_parse(text), str)]
    head = verify_chain([_parse(text) for text in texts]).head
    entries = ",\n".join(texts)
    try:
        write_whole(document, f'{{"schema": {SCHEMA}, "head": "{head}", "entries": [\n{entries}\n]}}\n')
    except OSError as error:
        raise Unavailable(
            f"{document} cannot be written: {error.strerror}; everything is undone, and {lines} holds all of it",
            hint=f"{_ROOM}, then: outlast drill restore --journal {lines.parent}",
        ) from error
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
    """Every whole entry of a journal, finished or not; what cannot be read as one is left out."""
    return [line for line in read_lines(path) if not isinstance(line, str)]


def read_lines(path: Path) -> list[Entry | str]:
    """Every line of a journal in order: an entry, or the text of what cannot be read as one.

    Raises:
        InvalidInput: a sealed journal, which is one document, is no JSON or no journal.
    """
    if path.suffix != ".json":
        return [_parse(text) for text in _split(path)]
    try:
        return [_as_line(entry) for entry in _load(path)["entries"]]
    except json.JSONDecodeError as error:
        raise InvalidInput(
            f"{path} is damaged: line {error.lineno} cannot be read ({error.msg})",
            hint="a finished drill has nothing to undo; take the file from a copy, or drop the drill as evidence",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"{path} is not a journal: {error}", hint="name a drill's folder") from error


def verify_journal(path: Path) -> ChainReport:
    """What the chain of a journal on disk says. Raises InvalidInput as `read_lines` does."""
    report = verify_chain(read_lines(path))
    sealed = _load(path).get("head", report.head) if path.suffix == ".json" else report.head
    if sealed == report.head:
        return report
    missing = Damage(report.entries, "is not the one with which the journal was sealed: entries behind it are missing")
    return replace(report, damages=(*report.damages, missing))


def _load(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
    return document


def _as_line(entry: Any) -> Entry | str:
    return entry if isinstance(entry, dict) and "kind" in entry else json.dumps(entry)


def _split(path: Path) -> list[str]:
    return [text for text in path.read_text(encoding="utf-8", errors="replace").split("\n") if text]


def _parse(text: str) -> Entry | str:
    """The entry in a line, or the line itself where it holds none."""
    try:
        line = _as_line(json.loads(text, object_pairs_hook=_once))
    except ValueError:
        return text
    return text if isinstance(line, str) else line


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, no key of it twice: readers differ in which of the two they take."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


@dataclass(frozen=True)
class Pending:
    """What a journal says is still changed, in the order in which it has to be undone, and the drill that did it."""

    drill_id: str
    changes: tuple[Change, ...]


def find_pending(entries: Sequence[Mapping[str, Any]]) -> Pending:
    """The changes that were begun and not undone, last first; a change counts from the line written before it.

    An entry that is not as it was written is not acted upon: undoing what it says could change something else.
    """
    honest = [entry for entry in entries if is_as_written(entry)]
    undone = {entry["change"] for entry in honest if entry["kind"] == "undone"}
    begun = [Change.from_entry(entry) for entry in honest if entry["kind"] == "change"]
    pending = tuple(change for change in reversed(begun) if change.name not in undone)
    return Pending(_find_drill_id(honest, begun), pending)


def _find_drill_id(entries: Sequence[Mapping[str, Any]], begun: Sequence[Change]) -> str:
    """From the first entry; where that one is lost, from the tag that the drill set."""
    named = (str(entry["drill_id"]) for entry in entries if entry["kind"] == "init")
    tagged = (str(change.after.get(TAG_ID, "")) for change in begun if change.action == MARK)
    return next(named, next(tagged, ""))
