"""What went wrong on one cloud, kept until the others are at their end: then all of it is told together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from outlast.train.tables import NAMES
from service.errors import InvalidInput, Mistake, OutlastError, Refused, Unavailable

Say = Callable[[str], None]


class Failures:
    """One error a cloud, the first one. With one cloud alone that error is raised as it is."""

    def __init__(self, clouds: Sequence[str], say: Say) -> None:
        self._alone = len(clouds) == 1
        self.say = say
        self.of: dict[str, OutlastError] = {}

    @contextmanager
    def kept(self, cloud: str, meanwhile: str = "") -> Iterator[None]:
        """Keep what is raised within; `meanwhile` says what becomes of the other clouds."""
        try:
            yield
        except OutlastError as error:
            self.of.setdefault(cloud, error)
            if meanwhile and not self._alone:
                self.say(f"{cloud}: {error.what}; {meanwhile}")

    def raise_all(self, what: str, *, again: str = "") -> None:
        """Raise them, if there are any. `again` is what the same command would do."""
        if not self.of:
            return
        if self._alone:
            (error,) = self.of.values()
            raise error
        hints = dict.fromkeys(error.hint for error in self.of.values() if error.hint)
        said = "\n".join([what, *(f"- {mistake}" for mistake in self._mistakes())])
        raise self._kind()(said, hint="; ".join([*hints, again] if again else hints))

    def _kind(self) -> type[OutlastError]:
        """The kind that all of them are of, which decides how the command leaves."""
        kinds = (InvalidInput, Refused, Unavailable)
        return next((kind for kind in kinds if all(isinstance(one, kind) for one in self.of.values())), OutlastError)

    def _mistakes(self) -> Iterator[Mistake]:
        for cloud, error in self.of.items():
            further = getattr(error, "mistakes", ())
            yield Mistake(NAMES[cloud], "; ".join([error.what, *(str(one).replace("\n", " ") for one in further)]))
