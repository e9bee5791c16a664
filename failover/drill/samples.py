"""What observers see, one look at a time, as plain data. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

AUTHORITY, CLIENT, SITE, KIND = "authority-", "client-", "site-", "kind-"
"""How the names of observers begin."""

EMPTY = "empty answer"
"""The error of a look at DNS that named no site."""


@dataclass(frozen=True)
class Pace:
    """How much is observed: beats per real second, and how many clients there are."""

    authority_hz: float = 20.0
    client_hz: float = 10.0
    site_hz: float = 10.0
    clients: int = 4
    kind_hz: float = 4.0

    def requests_per_second(self, kinds: int = 0) -> float:
        """What the drill itself sends to all sites together, with a client of each of so many kinds."""
        return self.clients * self.client_hz + kinds * self.kind_hz


@dataclass(frozen=True)
class Look:
    """What one look found: `site` by DNS or by x-served-by; `error` when nothing came, `wrong` when not right.

    `ran_out` is of clients only: DNS was asked for this look, so many real seconds after the kept answer had run out.
    """

    site: str | None
    error: str = ""
    wrong: str = ""
    ran_out: float | None = None

    @property
    def right(self) -> bool:
        """An answer came, and nothing is wrong with it."""
        return not self.error and not self.wrong


@dataclass(frozen=True)
class Sample(Look):
    """One look and its times: `at` real seconds since the drill began, `ms` its length, `late_ms` how late it began."""

    by: str = ""
    at: float = 0.0
    ms: float = 0.0
    late_ms: float = 0.0

    @classmethod
    def taken(cls, look: Look, by: str, began: float, ended: float, late: float) -> Self:
        """The sample of a look; times in real seconds since the drill began, `late` in real seconds."""
        times = round(began, 4), round((ended - began) * 1000, 2), round(late * 1000, 2)
        return cls(look.site, look.error, look.wrong, look.ran_out, by, *times)

    @property
    def ended(self) -> float:
        """When the answer was there, in real seconds since the drill began."""
        return self.at + self.ms / 1000

    def to_entry(self) -> dict[str, Any]:
        """The fields of a journal entry; what is absent is left out."""
        return {key: value for key, value in vars(self).items() if value not in ("", None) or key == "site"}

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
    renewed_at: float = -1.0
    """When the latest right sample was begun for which DNS was asked anew."""

    def add(self, sample: Sample, lost: str) -> Tally:
        """The tally with one more sample."""
        return Tally(
            count=self.count + 1,
            last=sample,
            right=self.right + 1 if sample.right else 0,
            failing=0 if sample.right else self.failing + 1,
            elsewhere=self.elsewhere + 1 if sample.right and sample.site != lost else 0,
            renewed_at=sample.at if sample.right and sample.ran_out is not None else self.renewed_at,
        )
