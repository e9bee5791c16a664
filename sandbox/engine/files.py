"""Files that are whole or not there, and where those go that can be had again."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def cache_folder(environ: Mapping[str, str] = os.environ, system: str | None = None) -> Path:
    """This product's part of the user's cache: what is there serves every clone. `system` is as `sys.platform`."""
    home = Path(environ.get("HOME") or Path.home())
    default = home / "Library" / "Caches" if (system or sys.platform) == "darwin" else home / ".cache"
    return Path(environ.get("XDG_CACHE_HOME") or default) / "outlast"
