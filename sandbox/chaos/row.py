"""One fault at one site, from what observers saw: who noticed, when, and what each kind of client had of it. Pure.

Moments of samples are real seconds since the observers began; every duration here is in simulated seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from failover.drill.samples import AUTHORITY, CLIENT, EMPTY, SITE, Sample
from failover.routing.predict import Prediction
from sandbox.chaos.faults import CHECKS, NOBODY, PROBE

PROBE_FAILURES, PROBE_LATE = 3, 10  # in a row, until the pinned probe has noticed: a busy machine is late as well
PROBE_LATE_MS = 1500.0  # simulated: a right answer so late is one that nobody waits for


@dataclass(frozen=True)
class Moments:
    """When the fault was made and healed, and how fast the clock ran."""

    injected: float
    healed: float
    speed: int


@dataclass(frozen=True)
class Window:
    """What one kind of client had: requests, how many failed or were wrong, from the first to the last of those."""

    kind: str
    requests: int
    failed: int
    wrong: int
    seconds: float
    until_healed: bool


@dataclass(frozen=True)
class NotMade:
    """A fault that a site cannot have, and why."""

    fault: str
    site: str
    why: str


@dataclass(frozen=True)
class Row:
    """One line of the table. `noticed_after` is None where nobody noticed, `restored_after` where it did not end;
    `beside` is what was not as promised of what no observer sees.
    """

    fault: str
    site: str
    noticed_by: str
    noticed_after: float | None
    windows: tuple[Window, ...]
    wrong_late: int
    empty: int
    left_dns: bool
    restored_after: float | None
    predicted: tuple[float, float]
    expected: str
    of_provider: bool
    on_spot: bool = False
    fails_at_most: float | None = None
    beside: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The heading of its table: a site that has tasks on Spot is set up in another way than one without."""
        return f"{self.site} with Spot" if self.on_spot else self.site

    @property
    def mistakes(self) -> tuple[str, ...]:
        """What should not have been so; nothing where all is as promised."""
        found = []
        if self.noticed_by != self.expected:
            found.append(f"noticed by {self.noticed_by}, expected was {self.expected}")
        if self.noticed_by == CHECKS and self.noticed_after is not None:
            best, worst = self.predicted
            if not best <= self.noticed_after <= worst:
                found.append(f"noticed after {self.noticed_after:.1f} s, predicted {best:.0f} to {worst:.0f} s")
        if self.wrong_late:
            found.append(f"{self.wrong_late} wrong answers after the detection window")
        if self.empty:
            found.append(f"{self.empty} empty answers of DNS")
        if self.of_provider and self.left_dns:
            found.append("a site left DNS for a fault of none")
        if self.restored_after is None:
            found.append("not restored")
        return (*found, *self._beyond_bearable(), *self.beside)

    def _beyond_bearable(self) -> list[str]:
        """Of a fault that callers should hardly feel: any wrong answer, and failures beyond its share."""
        if self.fails_at_most is None:
            return []
        asked, failed, wrong = (
            sum(getattr(window, name) for window in self.windows) for name in ("requests", "failed", "wrong")
        )
        found = [f"{wrong} wrong answers"] if wrong else []
        if failed > self.fails_at_most * asked:
            found.append(f"{failed} of {asked} requests failed, expected were at most {self.fails_at_most:.0%}")
        return found


def left_dns_after(answers: Sequence[Sample], site: str, moments: Moments, needed: int) -> float | None:
    """When DNS stopped naming the site, as of `needed` answers in a row; None where it went on until the healing."""
    during = [s for s in answers if moments.injected <= s.at < moments.healed and s.right]
    tail = 0
    while tail < len(during) and during[-1 - tail].site != site:
        tail += 1
    if tail < needed:
        return None
    return _simulated(during[-tail].ended - moments.injected, moments)


def probe_noticed_after(looks: Sequence[Sample], moments: Moments) -> float | None:
    """When the pinned probe had failed, or was far too late, several times in a row."""
    failed = late = 0
    for look in (s for s in looks if moments.injected <= s.ended and s.at < moments.healed):
        failed = 0 if look.right else failed + 1
        late = late + 1 if not look.right or look.ms * moments.speed > PROBE_LATE_MS else 0
        if failed == PROBE_FAILURES or late == PROBE_LATE:
            return _simulated(look.ended - moments.injected, moments)
    return None


def measure_window(kind: str, samples: Sequence[Sample], moments: Moments) -> Window:
    """What one kind of client had from the fault on."""
    seen = [s for s in samples if s.ended >= moments.injected]
    bad = [s for s in seen if not s.right]
    seconds = _simulated(bad[-1].ended - bad[0].at, moments) if bad else 0.0
    near_the_end = bool(bad) and bad[-1].ended > moments.healed - 0.1 * (moments.healed - moments.injected)
    failed, wrong = sum(bool(s.error) for s in bad), sum(bool(s.wrong) for s in bad)
    return Window(kind, len(seen), failed, wrong, seconds, near_the_end)


def restored_after(samples: Sequence[Sample], site: str, moments: Moments) -> float | None:
    """When DNS named the site again and the last failure was over; None where one of them did not come."""
    named = next(
        (s.ended for s in samples if s.by.startswith(AUTHORITY) and s.at >= moments.healed and s.site == site), None
    )
    after = [s for s in samples if s.at >= moments.healed and not s.by.startswith(AUTHORITY)]
    right = [s for s in after if s.right]
    if named is None or not right:
        return None
    last_bad = max((s.ended for s in after if not s.right), default=moments.healed)
    if not any(s.at > last_bad for s in right):
        return None
    return _simulated(max(named, last_bad) - moments.healed, moments)


def measure_row(
    fault: str,
    site: str,
    samples: Iterable[Sample],
    moments: Moments,
    *,
    needed: int,
    predicted: Prediction,
    expected: str,
    of_provider: bool = False,
) -> Row:
    """The whole row."""
    ordered = sorted(samples, key=lambda sample: sample.at)
    answers = [s for s in ordered if s.by.startswith(AUTHORITY)]
    clients = [s for s in ordered if s.by.startswith(CLIENT)]
    left = left_dns_after(answers, site, moments, needed)
    probed = probe_noticed_after([s for s in ordered if s.by == SITE + site], moments)
    noticed = left if left is not None else probed
    noticed_by = CHECKS if left is not None else NOBODY if probed is None else PROBE
    late = moments.injected + predicted.worst_seconds / moments.speed
    notice = predicted.terms[0]
    return Row(
        fault,
        site,
        noticed_by,
        noticed,
        tuple(measure_window(kind, [s for s in clients if kind_of(s) == kind], moments) for kind in kinds_of(clients)),
        sum(bool(s.wrong) and s.at > late for s in clients),
        sum(s.error == EMPTY and s.at >= moments.injected for s in answers),
        left is not None,
        restored_after(ordered, site, moments),
        (notice.best_seconds, notice.worst_seconds),
        expected,
        of_provider,
    )


def kind_of(sample: Sample) -> str:
    """The kind of the client, whose observers are named `client-KIND-N`."""
    return sample.by.removeprefix(CLIENT).rpartition("-")[0]


def kinds_of(samples: Iterable[Sample]) -> list[str]:
    """Every kind, in the order of the alphabet."""
    return sorted({kind_of(sample) for sample in samples})


def _simulated(wall_seconds: float, moments: Moments) -> float:
    return max(0.0, wall_seconds * moments.speed)
