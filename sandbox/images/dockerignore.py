"""Which files of a build context `.dockerignore` lets into a build.

Followed is the form of service/.dockerignore, and the rest is refused: `*` first, so that everything stays out; then
what comes in, `!name` or `!folder/**`; then names that stay out wherever they lie, `**/name`. Docker's rules, by which
the last line that matches decides, say the same of it:
https://docs.docker.com/build/concepts/context/#dockerignore-files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from service.errors import InvalidInput, Mistake

_PATH = r"[\w.-]+(?:/[\w.-]+)*"
_LET_IN, _NOWHERE = re.compile(rf"!({_PATH})(?:/\*\*)?"), re.compile(r"\*\*/([\w.-]+)")
_FORM = "write `*` first, then lines `!name` or `!folder/**`, then lines `**/name`"


@dataclass(frozen=True)
class Rules:
    """Paths that are let in with what is below them (None: everything), and names that stay out wherever they lie."""

    let_in: tuple[PurePosixPath, ...] | None = None
    nowhere: frozenset[str] = frozenset()

    def let(self, name: str) -> bool:
        """Whether a file, by its path in the context, is let in."""
        path = PurePosixPath(name)
        return self.nowhere.isdisjoint(path.parts) and (
            self.let_in is None or any(path.is_relative_to(each) for each in self.let_in)
        )


def parse_rules(lines: Iterable[str]) -> Rules:
    """The rules of a `.dockerignore`. Raises InvalidInput with every line that is not of the form that is followed."""
    let_in, nowhere, wrong = [], set[str](), []
    statements = [text for line in lines if (text := line.strip()) and not line.startswith("#")]
    if not statements:
        return Rules()
    for number, text in enumerate(statements):
        if number == 0 and text == "*":
            continue
        if number and not nowhere and (found := _LET_IN.fullmatch(text)):
            let_in.append(PurePosixPath(found[1]))
        elif number and (found := _NOWHERE.fullmatch(text)):
            nowhere.add(found[1])
        else:
            wrong.append(Mistake(".dockerignore", f"{text} is not followed here, in this place", _FORM))
    if wrong:
        raise InvalidInput("the build context cannot be listed here", wrong)
    return Rules(tuple(let_in), frozenset(nowhere))


def list_context(context: Path, dockerfile: Path) -> dict[str, Path]:
    """Every file that a build may see, by its path in the context, in one order everywhere."""
    if dockerfile.with_name(f"{dockerfile.name}.dockerignore").is_file():
        raise InvalidInput(f"{dockerfile.name}.dockerignore is not followed here", hint="name it .dockerignore")
    file = context / ".dockerignore"
    rules = parse_rules(file.read_text().splitlines()) if file.is_file() else Rules()
    below = (context / each for each in rules.let_in) if rules.let_in is not None else [context]
    found = {
        path.relative_to(context).as_posix(): path
        for each in below
        for path in ([each] if each.is_file() else each.rglob("*"))
        if path.is_file()
    }
    return dict(sorted((name, path) for name, path in found.items() if rules.let(name)))
