"""Files that tell by themselves whether they are whole: their first line holds the length and SHA-256 of the rest.

A bucket that is mounted as a folder renames nothing atomically, so that a file which was being written when its
process ended may lie under its final name.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

_MARK = b"outlast-sealed-1"


def write_sealed(path: Path, content: bytes) -> None:
    """Write a file in place, its folder made first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_head(content) + content)


def read_sealed(path: Path) -> bytes | None:
    """The content of a file; None where it is not there, or not what was to be written."""
    try:
        head, _, content = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    return content if head + b"\n" == _head(content) else None


def _head(content: bytes) -> bytes:
    return b"%s %d %s\n" % (_MARK, len(content), hashlib.sha256(content).hexdigest().encode())
