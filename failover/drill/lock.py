"""One drill, or one restore, at a time on this machine's journals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from service.errors import Refused

LOCK = ".lock"


@contextmanager
def hold_lock(drills: Path) -> Iterator[None]:
    """Only one drill, or restore, at a time with these journals; given back by the system if the process dies."""
    drills.mkdir(parents=True, exist_ok=True)
    lock = FileLock(drills / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise Refused(
            f"a drill is running already: it holds {drills / LOCK}; nothing was changed",
            hint="wait until it ends, or end it with Ctrl-C (or kill -TERM): it takes its change back",
        ) from error
    try:
        yield
    finally:
        lock.release()


def is_held(drills: Path) -> bool:
    """Whether a drill, or a restore, runs with these journals. Makes no folder and no file."""
    if not (drills / LOCK).exists():
        return False
    try:
        with hold_lock(drills):
            return False
    except Refused:
        return True
