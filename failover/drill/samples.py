"""What observers see, one look at a time, as plain data. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

AUTHORITY, CLIENT, SITE = "authority-", "client-", "site-"
"""How the names of the three kinds of observers begin."""


@dataclass(frozen=True)
class Look:
    """What one look found: `site` by DNS or by x-served-by; `error` when nothing came, `wrong` when not right."""

    site: str | None
    error: str = ""
    wrong: str = ""

    @property
    def right(self) -> bool:
        """An answer came, and nothing is wrong with it."""
        return not self.error and not self.wrong


@dataclass(frozen=True)
class Sample(Look):
    """One look and its times: `at` wall seconds since the drill began, `ms` its length, `late_ms` how late it began."""

    by: str = ""
    at: float = 0.0
    ms: float = 0.0
    late_ms: float = 0.0

    def to_entry(self) -> dict[str, Any]:
        """The fields of a journal entry; what is empty is left out."""
        return {key: value for key, value in asdict(self).items() if value or key == "site"}

    @classmethod
    def from_entry(cls, entry: dict[str, Any]) -> Self:
        """The sample that a journal entry tells of."""
        known = {key: value for key, value in entry.items() if key in cls.__dataclass_fields__}
        return cls(**known)


@dataclass(frozen=True)
class Tally:
    """The latest of one observer: `right` and `failing` count the most recent samples in a row."""

    count: int = 0
    last: Sample | None = None
    right: int = 0
    failing: int = 0
    elsewhere: int = 0
    """Right samples in a row that were not the lost site's."""
    at_lost: int = 0
    """Right samples of the lost site, ever."""

    def add(self, sample: Sample, lost: str) -> Tally:
        """The tally with one more sample."""
        return Tally(
            count=self.count + 1,
            last=sample,
            right=self.right + 1 if sample.right else 0,
            failing=0 if sample.right else self.failing + 1,
            elsewhere=self.elsewhere + 1 if sample.right and sample.site != lost else 0,
            at_lost=self.at_lost + (sample.right and sample.site == lost),
        )
