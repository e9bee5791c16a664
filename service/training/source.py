"""The table that a problem file was drawn up for: where it lies, which column it predicts, which bytes it had."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from service.bundle.reading import Reader, is_sha256, is_table, is_text
from service.errors import InvalidInput


@dataclass(frozen=True)
class TableSource:
    """`path` as the problem file writes it; `sha256` (hex) of the file's bytes."""

    path: str
    target: str
    sha256: str

    def locate(self, folder: Path) -> Path:
        """Where the table lies, for a problem file in `folder`."""
        return folder / self.path

    def is_of(self, path: Path, target: str, folder: Path) -> bool:
        """Whether it is that file and that column, whatever the file holds by now."""
        return self.target == target and self.locate(folder).resolve() == path.resolve()

    def render(self) -> list[str]:
        """The lines of a problem file that say it."""
        return [
            "[table]  # what the file was drawn up for; another table is refused",
            f"path = {json.dumps(self.path, ensure_ascii=False)}",
            f"target = {json.dumps(self.target, ensure_ascii=False)}",
            f'sha256 = "{self.sha256}"',
        ]


def read_source(reader: Reader) -> TableSource | None:
    """The part `[table]` of a problem file; None where it has none."""
    if not reader.take("table", is_table, "must be a table of path, target and sha256", {}):
        return None
    return TableSource(
        path=reader.take("table.path", is_text, "must name a file"),
        target=reader.take("table.target", is_text, "must name the column to predict"),
        sha256=reader.take("table.sha256", is_sha256, "must be 64 hex digits, the file's SHA-256"),
    )


def hash_file(path: Path) -> str:
    """The SHA-256 (hex) of a file's bytes. Raises InvalidInput where it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}", hint="--csv names a table") from error
