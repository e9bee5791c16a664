"""What a job writes, line by line with its time: the service's log, whichever way it is asked for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Line:
    """One line of the start with that number; `at` in Unix seconds."""

    start: int
    at: float
    text: str


class Lines:
    """The lines of one job, kept in a file. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def add(self, lines: Iterable[Line]) -> None:
        """Append lines."""
        text = "".join(json.dumps(asdict(line), ensure_ascii=False) + "\n" for line in lines)
        if not text:
            return
        with self._lock:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(text)

    def read(self) -> list[Line]:
        """Every line so far; what a kill cut off is left out."""
        try:
            with self._lock:
                rows = self._path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [line for line in map(_parse, rows) if line is not None]


def _parse(row: str) -> Line | None:
    try:
        return Line(**json.loads(row))
    except (ValueError, TypeError):
        return None


class Follower:
    """Reads what is new in the file that a process writes to, whole lines only until its end."""

    def __init__(self, path: Path) -> None:
        self._path, self._at, self._rest = path, path.stat().st_size if path.exists() else 0, b""

    def read(self, *, last: bool = False) -> list[str]:
        """The lines since the last time."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                new = file.read()
        except FileNotFoundError:
            new = b""
        self._at += len(new)
        *whole, self._rest = (self._rest + new).split(b"\n")
        if last and self._rest:
            whole, self._rest = [*whole, self._rest], b""
        return [line.decode(errors="replace").rstrip("\r") for line in whole]
