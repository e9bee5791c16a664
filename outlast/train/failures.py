"""What went wrong in one place, kept until the others are at their end: then all of it is told together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from outlast.train.tables import NAMES
from service.errors import InvalidInput, OutlastError, Refused, Unavailable

T = TypeVar("T")
Say = Callable[[str], None]


class Failures:
    """One error a place, the first one. A place is a cloud, or what else can be wrong on its own.

    Where there are not several `clouds`, one error alone is raised as it is.
    """

    def __init__(self, clouds: Sequence[str], say: Say) -> None:
        self._alone = len(clouds) < 2
        self.say = say
        self.of: dict[str, OutlastError] = {}

    def take(self, place: str, get: Callable[[], T], meanwhile: str = "") -> T | None:
        """What `get` gives; None where it raises, which is kept as by `kept`."""
        with self.kept(place, meanwhile):
            return get()
        return None

    @contextmanager
    def kept(self, place: str, meanwhile: str = "") -> Iterator[None]:
        """Keep what is raised within; `meanwhile` says what becomes of the other clouds."""
        try:
            yield
        except OutlastError as error:
            self.of.setdefault(place, error)
            if meanwhile and not self._alone:
                self.say(f"{place}: {error.what}; {meanwhile}")

    def raise_all(self, what: str, *, again: str = "") -> None:
        """Raise them, if there are any. `again` is what the same command would do."""
        if not self.of:
            return
        first, *others = self.of.values()
        if self._alone and not others:
            raise first
        hints = dict.fromkeys(error.hint for error in self.of.values() if error.hint)
        said = "\n".join([what, *(f"- {_lines(place, error)}" for place, error in self.of.items())])
        raise self._kind()(said, hint="; ".join([*hints, again] if again else hints))

    def _kind(self) -> type[OutlastError]:
        """The kind that all of them are of, which decides how the command leaves."""
        kinds = (InvalidInput, Refused, Unavailable)
        return next((kind for kind in kinds if all(isinstance(one, kind) for one in self.of.values())), OutlastError)


def _lines(place: str, error: OutlastError) -> str:
    """An error with all its mistakes, each on a line of its own below it."""
    named = f"{NAMES[place]}: {error.what}" if place in NAMES else error.what
    lines = [named, *(f"- {mistake}" for mistake in getattr(error, "mistakes", ()))]
    return "\n".join(lines).replace("\n", "\n  ")
