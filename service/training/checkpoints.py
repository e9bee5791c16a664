"""Finished fits in a folder that may be a mounted bucket, each in a file that tells whether it is whole.

On the mount of a bucket renaming is copying and deleting, so nothing makes a file appear whole. Here a file is written
in its place, and what a kill leaves half written is recognised when it is read: it is then made again.
"""

from __future__ import annotations

import io
import os
import re
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.training.sealed import read_sealed, write_sealed

Floats = NDArray[np.float64]

KEEP_DAYS = 30
_OURS = re.compile(r"\.?[0-9a-f]{32}(?:\.\d+)?\.(?P<kind>fit|npy)")  # .npy: of versions before 2026-11-29


class Checkpoints:
    """Arrays by name in a folder.

    `found` are the names that an earlier run had finished, `made` those of this one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.found: set[str] = set()
        self.made: set[str] = set()

    def read(self, name: str) -> Floats | None:
        """The array of that name; None where there is none, or only a part of it."""
        content = read_sealed(self._path(name))
        if content is None:
            return None
        if name not in self.made:
            self.found.add(name)
        probabilities: Floats = np.load(io.BytesIO(content), allow_pickle=False)
        return probabilities

    def write(self, name: str, probabilities: Floats) -> None:
        """Keep an array."""
        written = io.BytesIO()
        np.save(written, probabilities, allow_pickle=False)
        write_sealed(self._path(name), written.getvalue())
        self.made.add(name)

    def remove_old(self, now: float) -> tuple[int, int]:
        """Remove what nobody asked for in KEEP_DAYS, or can read any more: how many fits, and how many bytes.

        Those of this run count as asked for now.
        """
        for name in self.found | self.made:
            with suppress(FileNotFoundError):  # another run may remove them at the same time, here and below
                os.utime(self._path(name), (now, now))
        removed = [size for path in self._folder.glob("*") if (size := _remove_if_old(path, now)) is not None]
        return len(removed), sum(removed)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.fit"


def _remove_if_old(path: Path, now: float) -> int | None:
    """The bytes of what was removed; None of what stays."""
    found = _OURS.fullmatch(path.name)
    if found is None:
        return None
    with suppress(FileNotFoundError):
        there = path.stat()
        if found["kind"] == "npy" or there.st_mtime < now - KEEP_DAYS * 86_400:
            path.unlink()
            return there.st_size
    return None
