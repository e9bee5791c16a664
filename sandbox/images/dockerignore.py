"""Which files of a build context `.dockerignore` keeps out.

The rules are Docker's (https://docs.docker.com/build/concepts/context/#dockerignore-files): patterns are anchored at
the context's root, one that matches a folder takes what is below it, and of all that match a file or a folder above
it the last decides. That last part is unlike git's, which lets nothing below an ignored folder in again.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


@dataclass(frozen=True)
class Ignored:
    """The patterns of one file, in its order: whether each lets in again, and what it matches."""

    patterns: tuple[tuple[bool, re.Pattern[str]], ...]

    @classmethod
    def of(cls, lines: Sequence[str]) -> Ignored:
        patterns = []
        for line in lines:
            text = line.strip()
            if not text or line.startswith("#"):
                continue
            again, body = text.startswith("!"), text.removeprefix("!").strip()
            patterns.append((again, _compile(posixpath.normpath(body).lstrip("/"))))
        return cls(tuple(patterns))

    @property
    def lets_in_again(self) -> bool:
        """Whether a file below an ignored folder may be let in."""
        return any(again for again, _ in self.patterns)

    def covers(self, name: str) -> bool:
        """Whether a file or folder, by its path in the context, is kept out."""
        path = PurePosixPath(name)
        above = [str(path), *(str(folder) for folder in path.parents if folder.parts)]
        kept_out = False
        for again, pattern in self.patterns:
            if kept_out == again and any(map(pattern.fullmatch, above)):
                kept_out = not again
        return kept_out


def list_context(context: Path, dockerfile: Path) -> dict[str, Path]:
    """Every file that a build may see, by its path in the context, in one order everywhere.

    A `<Dockerfile>.dockerignore` beside the Dockerfile goes before the context's own.
    """
    candidates = (dockerfile.with_name(dockerfile.name + ".dockerignore"), context / ".dockerignore")
    lines = next((path.read_text().splitlines() for path in candidates if path.is_file()), [])
    ignored = Ignored.of(lines)
    found = {}
    for folder, folders, files in os.walk(context):
        base = Path(folder).relative_to(context)
        if not ignored.lets_in_again:  # nothing below an ignored folder comes back: do not walk it
            folders[:] = [f for f in folders if not ignored.covers((base / f).as_posix())]
        for file in files:
            name = (base / file).as_posix()
            if not ignored.covers(name) and (context / name).is_file():
                found[name] = context / name
    return dict(sorted(found.items()))


def _compile(pattern: str) -> re.Pattern[str]:
    """`*` and `?` stay within a name, `**` does not, `[…]` is a choice, a backslash takes the next one literally."""
    parts = re.findall(r"\*\*/|\*\*|\*|\?|\[[^\]]+\]|\\.|.", pattern)
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(wild.get(part) or _literal(part) for part in parts))


def _literal(part: str) -> str:
    if len(part) > 2 and part.startswith("["):
        inside = part[1:-1].replace("\\", r"\\")
        return f"[{'^' + inside[1:] if inside[0] in '!^' else inside}]"
    return re.escape(part[-1])
