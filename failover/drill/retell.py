"""A drill told again from its journal on disk; what cannot be told is said, with the entries that are damaged."""

from __future__ import annotations

from pathlib import Path

from failover.drill.chain import Entry
from failover.drill.journal import read_journal, verify_journal
from failover.drill.measure import measure
from failover.drill.measurement import Measurement
from service.errors import InvalidInput


def retell(journal: Path) -> tuple[Measurement, list[Entry]]:
    """A drill's measurement and its entries.

    Raises:
        InvalidInput: the journal cannot be read, tells of no drill, or lacks what a drill writes.
    """
    entries = read_journal(journal)
    hint = f"outlast drill verify {journal.parent} says which entries are damaged"
    if not any(entry["kind"] == "init" for entry in entries):
        raise InvalidInput(
            f"{journal} tells of no drill: its first entry, `init`, is missing or cannot be read", hint=hint
        )
    try:
        return measure(entries), entries
    except (LookupError, TypeError, ValueError) as error:
        if verify_journal(journal).whole:
            raise  # the journal is as it was written: the mistake is ours
        what = f"{type(error).__name__}: {error}"
        raise InvalidInput(f"{journal} lacks what a drill writes ({what})", hint=hint) from error
