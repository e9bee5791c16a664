"""What is remembered of jobs: a record in a file each, and the lines that they wrote, over restarts and kills."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path

from sandbox.training.lines import Lines
from sandbox.training.order import Order, Outcome, Phase, Record, read_record
from service.bundle.writing import write_whole

_log = logging.getLogger("sandbox")


class Book:
    """Records by their order's key. Whoever changes one holds `lock`; each change is on disk before it counts."""

    def __init__(self, folder: Path, now: Callable[[], float]) -> None:
        self.folder, self.now = folder, now
        self.lock = threading.RLock()
        self.records: dict[str, Record] = {}
        self._since: dict[str, float] = {}  # up to when the time of those with a machine is counted

    def load(self) -> None:
        """What an earlier process left: a job that had a machine is queued again, or was being stopped."""
        for path in sorted(self.folder.glob("*/record.json")):
            try:
                record = read_record(json.loads(path.read_text(encoding="utf-8")))
            except (ValueError, TypeError, KeyError) as error:
                _log.warning("%s is damaged (%r): the job is forgotten", path, error)
                continue
            self.records[record.order.key] = record
            if record.phase not in (Phase.QUEUED, Phase.ENDED):
                self.set(record, Phase.QUEUED)
                if record.stop_asked:
                    self.end(record, Outcome.STOPPED)

    def keep(self, record: Record) -> None:
        """Write a record down."""
        path = self.folder / record.order.folder / "record.json"
        write_whole(path, json.dumps(record.to_document(), ensure_ascii=False))

    def set(self, record: Record, phase: Phase) -> None:
        """A job is that far."""
        with self.lock:
            record.phase, record.changed = phase, self.now()
            self.keep(record)

    def end(self, record: Record, outcome: Outcome, reason: str = "") -> None:
        """A job is over."""
        with self.lock:
            self.count(record)
            record.outcome, record.reason, record.ended = outcome, reason, self.now()
            self.set(record, Phase.ENDED)

    def give_machine(self, record: Record) -> None:
        """A job starts, the first time or again."""
        with self.lock:
            self._since[record.order.key] = self.now()
            record.starts += 1
            self.set(record, Phase.PREPARING)

    def take_machine(self, record: Record) -> None:
        """It has none any more."""
        with self.lock:
            self.count(record)
            self._since.pop(record.order.key, None)
            self.keep(record)

    def count(self, record: Record) -> None:
        """Count the time for which it has had a machine."""
        since = self._since.get(record.order.key)
        if since is not None:
            now = self.now()
            record.busy_seconds, self._since[record.order.key] = record.busy_seconds + now - since, now

    def lines(self, order: Order) -> Lines:
        """What a job wrote."""
        return Lines(self.folder / order.folder / "lines.jsonl")
