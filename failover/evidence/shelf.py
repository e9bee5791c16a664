"""The drills under a folder: what each came to, and whether its journal is whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from failover.drill.chain import ChainReport, Entry
from failover.drill.journal import DOCUMENT, LINES, find_journal, verify_journal
from failover.drill.measurement import Measurement
from failover.drill.report import DATA, judge
from failover.drill.retell import retell
from service.errors import InvalidInput

UNFINISHED, UNREADABLE = "unfinished", "unreadable"


@dataclass(frozen=True)
class Filed:
    """One drill as its folder holds it; `problem` says why nothing else is known of it."""

    folder: str
    drill_id: str = ""
    utc: datetime | None = None
    host: str = ""
    lost: str = ""
    sites: tuple[str, ...] = ()
    level: int = 1
    verdict: str = UNREADABLE
    recovery_seconds: float | None = None
    chain: ChainReport | None = None
    problem: str = ""
    band: tuple[float, float] | None = None
    """Where nine of ten drills like it were predicted to fall."""

    @property
    def whole(self) -> bool:
        """Whether its journal is chained from its first entry to its last, and sealed."""
        return self.chain is not None and self.chain.whole and self.verdict != UNFINISHED


def list_drills(drills: Path) -> list[Filed]:
    """Every drill under the folder, oldest first."""
    return [file_drill(folder) for folder in find_folders(drills)]


def find_folders(drills: Path) -> list[Path]:
    return sorted({path.parent for name in (LINES, DOCUMENT) for path in drills.glob(f"*/{name}")})


def file_drill(folder: Path) -> Filed:
    """One drill. Never raises: a journal that cannot be read is a finding of its own."""
    try:
        journal = find_journal(folder)
        chain, (measured, entries) = verify_journal(journal), retell(journal)
    except InvalidInput as error:
        return Filed(folder.name, problem=error.what)
    return _describe(folder, journal, chain, measured, _plan_of(entries))


def _describe(folder: Path, journal: Path, chain: ChainReport, measured: Measurement, plan: Mapping[str, Any]) -> Filed:
    return Filed(
        folder=folder.name,
        drill_id=measured.drill_id,
        utc=datetime.fromisoformat(measured.utc),
        host=measured.host,
        lost=measured.lost,
        sites=tuple(site["name"] for site in plan.get("sites", ())),
        level=int(plan.get("level", 1)),
        verdict=UNFINISHED if journal.name == LINES else judge(measured),
        recovery_seconds=measured.recovery_simulated_seconds,
        band=measured.failover[-1].band,
        chain=chain,
    )


def _plan_of(entries: list[Entry]) -> Mapping[str, Any]:
    plan: Mapping[str, Any] = next(entry["plan"] for entry in entries if entry["kind"] == "init")
    return plan


def find_drill(drills: Path, name: str) -> Path:
    """The journal of the drill that is meant: a path, the name of its folder, or its id.

    Raises:
        InvalidInput: there is none of that name.
    """
    if Path(name).exists():
        return find_journal(Path(name))
    # A drill's id is its folder's name and a random part.
    folders = [folder for folder in find_folders(drills) if folder.name == name or name.startswith(f"{folder.name}-")]
    if folders:
        return find_journal(folders[-1])
    known = ", ".join(folder.name for folder in find_folders(drills)[-3:]) or "none yet"
    raise InvalidInput(
        f"there is no drill {name!r} under {drills}", hint=f"outlast drill list shows them; the latest: {known}"
    )


def reported_heads(journal: Path) -> Iterator[tuple[str, str]]:
    """The head of the chain as the report beside the journal has it: where, and which."""
    report = journal.with_name(DATA)
    try:
        head = json.loads(report.read_text(encoding="utf-8"))["account"]["chain"]["head"]
    except FileNotFoundError:
        return
    except (ValueError, LookupError, TypeError):
        yield str(report), "unreadable"
    else:
        yield str(report), str(head)
