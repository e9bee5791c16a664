"""Remembers in the current folder which stores hold copies of what, and how quick the line to them was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from service.bundle.writing import write_whole
from service.errors import InvalidInput

FILE = ".copies.json"


@dataclass(frozen=True)
class Remembered:
    """The last run that copied a set: from where, to where, when (UTC), and its bytes a second (0: unknown)."""

    what: str
    source: str
    targets: tuple[str, ...]
    at: str
    bytes_per_second: float = 0.0


def load(folder: Path) -> list[Remembered]:
    """The last run of each set, none where nothing was copied from here."""
    path = folder / FILE
    try:
        return [Remembered(**{**entry, "targets": tuple(entry["targets"])}) for entry in json.loads(path.read_bytes())]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError, KeyError) as error:
        hint = f"delete it; the next `outlast sync` writes it anew: rm {path}"
        raise InvalidInput(f"{path} is damaged: {error}", hint=hint) from error


def save(folder: Path, run: Remembered, known: Sequence[Remembered]) -> None:
    """Take the place of what was remembered of the same set."""
    others = [one for one in known if one.what != run.what]
    runs = sorted([*others, run], key=lambda one: one.what)
    write_whole(folder / FILE, json.dumps(list(map(asdict, runs)), indent=1) + "\n")
