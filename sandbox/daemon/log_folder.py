"""The one folder of what every process says: each file is cut at a stated size, and the folder kept under one.

Every process appends, so a file can be emptied under it: the next line is then the first. What it held before is beside
it as `NAME.log.1` until the next cut. Where all is too much, the oldest that no running process writes to is deleted.
On a disk without room for the copy nothing is cut and nothing is lost: the next look tries again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Collection
from pathlib import Path

FILE_BYTES, FOLDER_BYTES = 5_000_000, 100_000_000
BEFORE, _COPY = ".1", ".copy"
DAEMON_LOG, PAGE_LOG = "daemon.log", "page.log"


class LogFolder:
    """Cuts the logs of one sandbox; `in_use` are the files of the replicas that run."""

    def __init__(
        self,
        folder: Path,
        in_use: Callable[[], Collection[Path]],
        *,
        file_bytes: int = FILE_BYTES,
        folder_bytes: int = FOLDER_BYTES,
    ) -> None:
        self._folder = folder
        self._in_use = in_use
        self._file_bytes = file_bytes
        self._folder_bytes = folder_bytes

    def trim(self) -> None:
        """Cut what is too long, then delete the oldest of what nobody writes to while all is too much."""
        for log in self._folder.glob("*.log"):
            with contextlib.suppress(OSError):
                if log.stat().st_size > self._file_bytes:
                    _begin_anew(log)
        with contextlib.suppress(OSError):
            self._delete_oldest()

    def _delete_oldest(self) -> None:
        files = {file: file.stat() for file in self._folder.iterdir() if file.is_file()}
        total = sum(found.st_size for found in files.values())
        in_use = {*self._in_use(), self._folder / DAEMON_LOG, self._folder / PAGE_LOG}
        for file in sorted(files.keys() - in_use, key=lambda file: files[file].st_mtime):
            if total <= self._folder_bytes:
                return
            file.unlink(missing_ok=True)
            total -= files[file].st_size


def before_cut(log: Path) -> Path:
    """Where what a log held before its latest cut lies, byte for byte."""
    return log.with_name(log.name + BEFORE)


def _begin_anew(log: Path) -> None:
    """Keep all that it holds, then empty it. Without room for a copy none is begun, as each look would fail again."""
    if shutil.disk_usage(log.parent).free < 2 * log.stat().st_size:
        return
    copy = log.with_name(log.name + _COPY)
    try:
        with log.open("rb") as held, copy.open("wb") as kept:
            shutil.copyfileobj(held, kept)
            shutil.copyfileobj(held, kept)  # what was written meanwhile
        copy.replace(before_cut(log))
        os.truncate(log, 0)
    finally:
        copy.unlink(missing_ok=True)


def describe(folder: Path) -> str:
    """For `make status`."""
    return (
        f"logs of every process: {folder}, each cut at {FILE_BYTES / 1e6:.0f} MB "
        f"with the one before kept as .log{BEFORE}, {FOLDER_BYTES / 1e6:.0f} MB in all"
    )
