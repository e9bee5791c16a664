"""What a drill came to, as plain data; `failover.drill.measure` reads it from a journal. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from failover.drill.account import Account
from failover.drill.samples import Sample
from failover.drill.scaled import Scaled

MAX_LAG_SIMULATED_SECONDS = 1.0
BY_HAND = "aborted by "  # how the reason of an abort begins that a signal asked for


@dataclass(frozen=True)
class MeasuredTerm:
    """One term in simulated seconds: `measured` is None when the drill stopped before; `doubt` is the resolution."""

    name: str
    best: float
    typical: float
    worst: float
    measured: float | None
    doubt: float
    why: str
    band: tuple[float, float] | None = None
    """Where nine of ten drills like this one were predicted to fall: of the whole failover."""

    @property
    def holds(self) -> bool:
        """best <= measured <= worst, a miss within the observers' resolution being none; unmeasured does not hold."""
        return self.measured is not None and self.best - self.doubt <= self.measured <= self.worst + self.doubt

    @property
    def inside(self) -> bool | None:
        """Whether it fell into its band; None where either is not known. One in ten is expected not to."""
        if self.band is None or self.measured is None:
            return None
        return self.band[0] <= self.measured <= self.band[1]


@dataclass(frozen=True)
class Counts:
    """Requests or questions of one kind of observer: how many, how many without an answer, and with a wrong one."""

    total: int
    failed: int
    wrong: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class KindWindow:
    """What a client had that holds on to a site for longer, in simulated seconds.

    `left_after` is None where it had not left before the undo; `longest_seconds` is from a bad answer to the next right
    one; `band` within what nine of ten such clients leave.
    """

    kind: str
    asked: int
    bad: int
    longest_seconds: float
    left_after: float | None
    band: tuple[float, float]

    @property
    def inside(self) -> bool | None:
        """Whether it left within its band; None where it was not seen to. One in ten is expected not to."""
        return None if self.left_after is None else self.band[0] <= self.left_after <= self.band[1]


@dataclass(frozen=True)
class Latency:
    """Milliseconds of right answers by one site, asked directly: before and during the loss."""

    site: str
    before_p50: float | None
    before_p95: float | None
    during_p50: float | None
    during_p95: float | None


@dataclass(frozen=True)
class Lag:
    """How late the observers were: 99th percentile and worst, in real milliseconds; `simulated_seconds` decides."""

    p99_ms: float
    worst_ms: float
    at_stamps_ms: float
    simulated_seconds: float

    @property
    def valid(self) -> bool:
        """Whether the observers were quick enough for their times to mean anything."""
        return self.simulated_seconds <= MAX_LAG_SIMULATED_SECONDS


@dataclass(frozen=True)
class Measurement:
    """A whole drill, measured. `deviations` are the sentences that make it a failure; none means it passed."""

    drill_id: str
    utc: str
    host: str
    lost: str
    speed: int
    stamps: dict[str, float | None]
    failover: tuple[MeasuredTerm, ...]
    failback: tuple[MeasuredTerm, ...]
    clients: Counts
    answers: Counts
    pinned: Counts
    client_recoveries: dict[str, float]
    latencies: tuple[Latency, ...]
    lag: Lag
    resolution_simulated_seconds: dict[str, float]
    abort: str
    restored: bool
    account: Account
    samples: tuple[Sample, ...] = field(repr=False)
    steps: tuple[tuple[str, float], ...] = ()
    overridden: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    """For which kinds of clients the drill waited, and which it did not wait for, in sentences without a subject."""
    died: str = ""
    """Why the lost site no longer answered, asked directly, when it was to be given back; "" where it did."""
    kinds: tuple[KindWindow, ...] = ()
    """Clients that hold on for longer than a TTL, one of each kind that was played."""
    scaled: tuple[Scaled, ...] = ()
    """The survivors' replicas, as their own clouds counted them."""
    window: Counts | None = None
    """The clients' requests while failures were to be expected; of a drill that breaks none, there are none."""

    @property
    def recovery_simulated_seconds(self) -> float | None:
        """The recovery time: from the change until the last client had a right answer from elsewhere."""
        return self.failover[-1].measured

    @property
    def stopped_by_hand(self) -> bool:
        """Whether a person, or whatever sends signals, ended it: that says nothing about the sites."""
        return self.abort.startswith(BY_HAND)

    @property
    def unmeasured(self) -> str:
        """What is written where nothing was measured: a drill that ended early did not look for it."""
        return "not measured" if self.abort else "not seen"

    def missed(self, term: MeasuredTerm) -> bool:
        """Whether a term was not as predicted; one that an aborted drill did not measure says nothing."""
        return not term.holds and not (self.abort and term.measured is None)

    @property
    def watched(self) -> bool:
        """Whether the drill had observers; a tool that only held the site out looks by itself."""
        return bool(self.resolution_simulated_seconds)

    @property
    def faults(self) -> tuple[str, ...]:
        """Everything that should not have happened, however late the observers were."""
        found = [self.abort if self.stopped_by_hand else f"aborted: {self.abort}"] if self.abort else []
        if self.died:
            found.append(f"{self.lost} died while it was out, and was given back last: {self.died}")
        if not self.restored:
            found.append("not restored: a change of the drill is still in place")
        for title, counts in (("client requests", self.clients), ("DNS questions", self.answers)):
            if counts.failed:
                found.append(f"{counts.failed} of {counts.total} {title} had no answer")
            if counts.wrong:
                found.append(f"{counts.wrong} of {counts.total} {title} had a wrong answer")
        # A journal that was changed after it was written tells of another drill than the one that was run.
        return (*found, *(f"the journal: {damage}" for damage in self.account.chain.damages))

    @property
    def misses(self) -> tuple[str, ...]:
        """Every term that was not as predicted; those of an aborted drill say nothing."""
        both = (("failover", self.failover), ("failback", self.failback))
        terms = [] if self.abort or not self.watched else [(title, term) for title, found in both for term in found]
        return tuple(f"{title}, {term.name}: {_compare(term)}" for title, term in terms if not term.holds)

    @property
    def deviations(self) -> tuple[str, ...]:
        """What happened and what was not as predicted, together."""
        return self.faults + self.misses


def _compare(term: MeasuredTerm) -> str:
    if term.measured is None:
        return "was not seen"
    return f"{term.measured:.1f} s, predicted {term.best:.1f} to {term.worst:.1f} s"
