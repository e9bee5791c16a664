"""Files that are whole or not there, and where those go that can be had again."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path


def cache_folder(environ: Mapping[str, str] = os.environ, system: str | None = None) -> Path:
    """This product's part of the user's cache: what is there serves every clone. `system` is as `sys.platform`."""
    home = Path(environ.get("HOME") or Path.home())
    default = home / "Library" / "Caches" if (system or sys.platform) == "darwin" else home / ".cache"
    return Path(environ.get("XDG_CACHE_HOME") or default) / "outlast"


def write_atomically(path: Path, text: str, mode: int = 0o644) -> None:
    """Write beside and rename over: a reader sees the old file or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
