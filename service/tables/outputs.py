"""Where a command that reads a file must not write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from service.errors import Refused


def refuse_own_input(source: Path, outputs: Sequence[Path]) -> None:
    """Refuse to write over the file that is read, whichever of its names or links is given."""
    for path in outputs:
        if path.exists() and path.samefile(source):
            raise Refused(
                f"{path} is the file that is read: writing there would lose its rows", hint="write to another file"
            )
