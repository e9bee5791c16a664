"""The drill that runs, by the journal that it writes on this machine."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from failover.drill.journal import LINES, read_lines
from outlast.page.view import show_drill

SILENT_SECONDS = 15.0
"""A drill writes what its observers see, several times a second."""


def find_drill(drills: Path, now: float) -> dict[str, Any] | None:
    """The latest drill whose journal is not finished; one that nobody writes to any more is told as stopped.

    A line that is half written is left for the next look.
    """
    for journal in sorted(drills.glob(f"*/{LINES}"), reverse=True):
        with suppress(OSError):  # it was finished in this moment
            entries = [line for line in read_lines(journal) if not isinstance(line, str)]
            told = show_drill(entries)
            stopped = now - journal.stat().st_mtime > SILENT_SECONDS
            return told and {**told, "stopped": stopped}
    return None
