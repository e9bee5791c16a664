"""Files of resources that are gone: their certificates and images go with them."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Collection
from pathlib import Path

from sandbox.journal import Journal

# The sandbox's own certificates, which no resource made: its CA, its resolver's, its registries', those in Key Vaults
# and of machines.
_LASTING = re.compile(r"ca|resolver|registries|vault-.*|machine-.*")
# A build that finds its image there already touches it, and names it in the journal a moment later.
_FRESH_SECONDS = 10.0


class Leftovers:
    """Removes what the journal named once and names no longer; at the first `sweep`, all that it does not name.

    So what is being made, and not yet in the journal, is left alone. The first `sweep` must come before anything is
    made. `running` gives the digests of images that processes still run: one that ends may write byte code even then.
    Not thread-safe.
    """

    def __init__(
        self,
        journal: Journal,
        certificates: Path,
        images: Path,
        running: Callable[[], Collection[str]] = lambda: (),
    ) -> None:
        self._journal = journal
        self._running = running
        self._certificates = certificates
        self._images = images
        self._named = self._all()

    def sweep(self) -> None:
        """Remove what has become superfluous. A file that cannot be removed stays, and is tried again."""
        running = {digest.removeprefix("sha256:") for digest in self._running()}
        named = {path for path in self._all() if path.name in running or self._journal.mentions(path.name)}
        gone = self._named - named
        kept = {path for path in gone if not _remove(path)}
        self._named = named | kept

    def _all(self) -> set[Path]:
        pairs = {path for path in _list(self._certificates) if not _LASTING.fullmatch(path.stem)}
        return pairs | set(_list(self._images))


def _list(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.exists() else []


def _remove(path: Path) -> bool:
    try:
        if path.is_dir():
            if time.time() - path.stat().st_mtime < _FRESH_SECONDS:
                return False
            shutil.rmtree(path)
        else:
            path.unlink()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
