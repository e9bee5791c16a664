"""Every error that a person can meet, in any package: all of them import this module, and it imports nothing.

    OutlastError            what is wrong and why, and a hint: what to type next
    ├── InvalidInput        a file, a flag, a row or a request is wrong; all mistakes at once
    ├── ModelMismatch       a model file is not the one that its manifest pins
    ├── Refused             a guard said no; nothing was changed
    │   └── ReleaseRefused  the release gate said no; nothing was released
    ├── Unavailable         something needed does not answer, or is not installed
    ├── Deviated            a drill's steady state did not hold, a prediction was missed, or a copy is not its original
    └── Tampered            a record that nobody may change was changed

Commands print `error: <what>` and one `hint: …` line on stderr and leave with `exit_code`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class OutlastError(Exception):
    """What is wrong and why; `hint` says what to do next."""

    exit_code = 1

    def __init__(self, what: str, *, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what}\nhint: {self.hint}" if self.hint else self.what


@dataclass(frozen=True)
class Mistake:
    """One thing wrong in an input: `place` (file, key, column or row), what is wrong there, what to write instead."""

    place: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        line = f"{self.place}: {self.what}" if self.place else self.what
        return f"{line}\n  hint: {self.hint}" if self.hint else line


class _WithMistakes(OutlastError):
    """An error that lists everything found, not only the first."""

    def __init__(self, what: str, mistakes: Sequence[Mistake] = (), *, hint: str = "") -> None:
        super().__init__(what, hint=hint)
        self.mistakes = tuple(mistakes)

    def __str__(self) -> str:
        head = "\n".join([self.what, *(f"- {mistake}" for mistake in self.mistakes)])
        return f"{head}\nhint: {self.hint}" if self.hint else head


class InvalidInput(_WithMistakes):
    """A file, a flag, a row or a request is wrong; carries every mistake found."""

    exit_code = 2


class Refused(_WithMistakes):
    """A guard said no; nothing was changed."""

    exit_code = 3


class ReleaseRefused(Refused):
    """The release gate said no; carries every reason. Nothing was released."""


class Unavailable(OutlastError):
    """Something needed does not answer, or is not installed."""

    exit_code = 4


class Deviated(OutlastError):
    """A drill's steady state did not hold, a prediction was missed, or a copy is not what was written."""

    exit_code = 5


class ModelMismatch(_WithMistakes):
    """A model file, or its golden rows, is not what its manifest pins: it is not loaded."""

    exit_code = 6


class Tampered(OutlastError):
    """A record that nobody may change was changed: a drill's journal."""

    exit_code = 7
