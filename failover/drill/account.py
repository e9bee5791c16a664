"""What an auditor asks of a drill beside its times: who approved it, what everybody bore, what was undone. Pure.

All of it is read from the journal's entries. Durations are in simulated seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from failover.drill.chain import ChainReport, Entry, verify_chain
from failover.drill.changes import Change, describe_change
from failover.drill.samples import AUTHORITY, CLIENT, Sample

DNS_QUERY_DOLLARS = 0.40e-6
"""Route 53's list price of a standard query: 0.40 USD a million, as of 2026-09."""

CLOCK_JUMP_SECONDS = 1.0
"""How far the machine's clock may part from monotonic time between two entries before it is said to have jumped."""

UNKNOWN = "not known"


@dataclass(frozen=True)
class ErrorWindow:
    """What one kind of observer bore: `longest_seconds` from its first bad answer to the next right one."""

    kind: str
    observers: int
    bad: int
    longest_seconds: float


@dataclass(frozen=True)
class SiteLoad:
    """One site's share of the answers as planned, and what the drill's clients asked of it, in requests a real second.

    `peak_rps` is what the users' peak would bring it during the drill.
    """

    site: str
    share: float
    share_during: float
    rps_before: float
    rps_during: float
    peak_rps: float | None
    capacity_rps: float | None


@dataclass(frozen=True)
class SiteDigest:
    """The digest of the model that a site served before the drill and after it; empty where nobody looked."""

    site: str
    before: str
    after: str

    @property
    def same(self) -> bool:
        """Whether it is known to be the same."""
        return self.before == self.after != ""


@dataclass(frozen=True)
class Undoing:
    """One change and its undo: real seconds since the drill began; `found` is what the undo read back."""

    what: str
    changed_at: float | None
    undone_at: float | None
    found: str
    by: str


@dataclass(frozen=True)
class Cost:
    """What a drill sent, and what Route 53 takes for the questions; `away_seconds`: how long the site was out."""

    requests: int
    dns_questions: int
    dns_dollars: float
    away_seconds: float | None


@dataclass(frozen=True)
class Account:
    """Everything that a report says beside the measured times."""

    hypothesis: str
    level: int
    action: str
    plan_hash: str
    approved_by: str
    run_by: str
    loads: tuple[SiteLoad, ...]
    error_windows: tuple[ErrorWindow, ...]
    digests: tuple[SiteDigest, ...]
    undoings: tuple[Undoing, ...]
    steady_after: bool
    cost: Cost
    clock_jumps: tuple[str, ...]
    chain: ChainReport


@dataclass(frozen=True)
class Span:
    """When the site was away, in real seconds since the drill began; None: not yet, or never."""

    begin: float | None
    end: float | None

    def holds(self, at: float) -> bool:
        """Whether the site was away then."""
        return self.begin is not None and self.begin <= at and (self.end is None or at < self.end)


def give_account(entries: Sequence[Entry], samples: Sequence[Sample], away: Span) -> Account:
    """The account of one drill, from its journal."""
    init = next(entry for entry in entries if entry["kind"] == "init")
    plan, speed = init["plan"], int(init["plan"]["speed"])
    return Account(
        hypothesis=state_hypothesis(plan),
        level=int(plan.get("level", 1)),
        action=_describe_action(plan),
        plan_hash=str(plan.get("hash", UNKNOWN)),
        approved_by=str(init.get("approved_by") or UNKNOWN),
        run_by=str(init.get("run_by") or UNKNOWN),
        loads=tuple(_loads(plan, samples, away)),
        error_windows=tuple(_error_windows(samples, speed)),
        digests=tuple(_digests(init, entries)),
        undoings=tuple(_undoings(entries)),
        steady_after=_is_steady_after(entries),
        cost=_cost(samples, away, speed),
        clock_jumps=tuple(_clock_jumps(entries)),
        chain=verify_chain(entries),
    )


def state_hypothesis(plan: Mapping[str, Any]) -> str:
    """What the drill set out to show, as one sentence that its measurement can contradict."""
    worst = sum(float(term["worst_seconds"]) for term in plan["failover"]["terms"])
    lost, host = plan["lose"], plan["host"]
    others = [site["name"] for site in plan.get("sites", ()) if site["name"] != lost]
    survivors = f"from {' and '.join(others)} " if others else ""
    borne = "no request fails and no answer is wrong"
    if plan.get("breaks_requests"):
        borne = "until then only requests to it may fail or be answered wrongly"
    return (
        f"When {lost} is lost, every client of {host} that honours TTLs gets right answers {survivors}within "
        f"{worst:.0f} s (simulated); {borne}; afterwards everything is as it was."
    )


def _describe_action(plan: Mapping[str, Any]) -> str:
    return describe_change(Change.from_entry(plan["change"])) if "change" in plan else UNKNOWN


def _loads(plan: Mapping[str, Any], samples: Sequence[Sample], away: Span) -> Iterator[SiteLoad]:
    served = [sample for sample in samples if sample.by.startswith(CLIENT) and sample.right]
    first = min((sample.at for sample in served), default=0.0)
    last = max((sample.at for sample in served), default=0.0)
    begin = last if away.begin is None else away.begin
    end = last if away.end is None else away.end
    peak = plan.get("peak_rps")
    for site in plan.get("sites", ()):
        at = [sample.at for sample in served if sample.site == site["name"]]
        before, during = sum(moment < begin for moment in at), sum(map(away.holds, at))
        yield SiteLoad(
            site["name"],
            float(site["share"]),
            float(site["share_during"]),
            _rate(before, begin - first),
            _rate(during, end - begin),
            None if peak is None else float(peak) * float(site["share_during"]),
            site.get("capacity_rps"),
        )


def _rate(count: int, seconds: float) -> float:
    return round(count / seconds, 2) if seconds > 0 else 0.0


def _error_windows(samples: Sequence[Sample], speed: int) -> Iterator[ErrorWindow]:
    for kind, observers in group_by_kind(samples).items():
        bad = sum(not sample.right for seen in observers.values() for sample in seen)
        lengths = (end - begin for seen in observers.values() for begin, end in find_windows(seen))
        yield ErrorWindow(kind, len(observers), bad, round(max(lengths, default=0.0) * speed, 3))


def group_by_kind(samples: Sequence[Sample]) -> dict[str, dict[str, list[Sample]]]:
    """What clients and askers of DNS saw, in order of time: by kind, then by observer."""
    kinds: dict[str, dict[str, list[Sample]]] = {}
    for sample in sorted(samples, key=lambda sample: (sample.by, sample.at)):
        if sample.by.startswith((AUTHORITY, CLIENT)):
            kinds.setdefault(kind_of(sample.by), {}).setdefault(sample.by, []).append(sample)
    return kinds


def kind_of(observer: str) -> str:
    """The kind of an observer, which is its name without its number."""
    name, _, number = observer.rpartition("-")
    return name if number.isdigit() else observer


def find_windows(samples: Sequence[Sample]) -> Iterator[tuple[float, float]]:
    """From each bad answer of one observer to its next right one, or to its last look; real seconds."""
    begin = None
    for sample in samples:
        if not sample.right and begin is None:
            begin = sample.at
        if sample.right and begin is not None:
            yield begin, sample.ended
            begin = None
    if begin is not None:
        yield begin, samples[-1].ended


def _digests(init: Mapping[str, Any], entries: Sequence[Entry]) -> Iterator[SiteDigest]:
    before = init.get("digests", {})
    after: Mapping[str, Any] = next((e["digests"] for e in reversed(entries) if "digests" in e and e is not init), {})
    for site in init["plan"].get("sites", ()):
        name = site["name"]
        yield SiteDigest(name, str(before.get(name) or ""), str(after.get(name) or ""))


def _undoings(entries: Sequence[Entry]) -> Iterator[Undoing]:
    made = {entry["change"]: float(entry["at"]) for entry in entries if entry["kind"] == "changed"}
    undone = {entry["change"]: entry for entry in entries if entry["kind"] == "undone"}
    for entry in (entry for entry in entries if entry["kind"] == "change"):
        undo: Mapping[str, Any] = undone.get(entry["change"], {})
        yield Undoing(
            what=describe_change(Change.from_entry(entry)),
            changed_at=made.get(entry["change"]),
            undone_at=float(undo["at"]) if undo else None,
            found=str(undo.get("found", "NOT UNDONE")),
            by=str(undo.get("by", "the drill itself")) if undo else "",
        )


def _is_steady_after(entries: Sequence[Entry]) -> bool:
    """Whether the last look at all sites, after the undo, found nothing wrong and no check switched."""
    last = next((entry for entry in reversed(entries) if entry["kind"] == "steady"), None)
    return last is not None and not any(last["problems"].values()) and not last["switched"]


def _cost(samples: Sequence[Sample], away: Span, speed: int) -> Cost:
    # A client asks DNS when its answer has run out; an authority is nothing but questions.
    questions = sum(sample.by.startswith(AUTHORITY) or sample.ran_out is not None for sample in samples)
    requests = sum(not sample.by.startswith(AUTHORITY) for sample in samples)
    known = away.begin is not None and away.end is not None
    seconds = round(((away.end or 0.0) - (away.begin or 0.0)) * speed, 1) if known else None
    return Cost(requests, questions, questions * DNS_QUERY_DOLLARS, seconds)


def _clock_jumps(entries: Iterable[Entry]) -> Iterator[str]:
    """Where the wall clock and monotonic time part; measured times are monotonic, an expiry is not."""
    dated = [entry for entry in entries if "utc" in entry]
    for before, after in pairwise(dated):
        passed = datetime.fromisoformat(after["utc"]) - datetime.fromisoformat(before["utc"])
        jump = passed.total_seconds() - (float(after["at"]) - float(before["at"]))
        if abs(jump) > CLOCK_JUMP_SECONDS:
            yield f"the machine's clock jumped by {jump:+.1f} s before {after['kind']} at {after['at']:.1f} s"
