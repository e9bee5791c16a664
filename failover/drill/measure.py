"""From a journal to what happened: stamps, terms, counts. Pure: the journal alone retells the run.

Stamps are real seconds since the drill began; every duration is in simulated seconds (real seconds times the speed).

    change_requested    the change is asked for
    dns_moved           no name server names the site
    caches_expired      the last kept answer that named it has run out
    clients_recovered   every client has a right answer from elsewhere
    undo_requested      its undo is asked for
    dns_back            a name server names the site again
    site_serving        a client has a right answer from it again
    new_caches_expired  the last answer kept from before dns_back has run out
    clients_back        every client has asked anew and has a right answer
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from failover.drill.account import Span, find_windows, give_account, kind_of
from failover.drill.band import predict_journaled
from failover.drill.measurement import Counts, KindWindow, Lag, Latency, MeasuredTerm, Measurement
from failover.drill.samples import AUTHORITY, CLIENT, KIND, SITE, Sample
from failover.drill.scaled import read_scaled
from failover.drill.waits import describe_waits, read_waits
from failover.levers.change import Change

Entry = dict[str, Any]
LAG_PERCENTILE = 0.99
TOTALS = {
    "failover": "from the change until the last client has a right answer from elsewhere",
    "failback": "from the undo until every client has asked DNS anew and has a right answer",
}


def measure(entries: Sequence[Entry]) -> Measurement:
    """Measure a drill from its journal's entries; a journal cut short gives what it holds."""
    return _Reader(entries).measure()


class _Reader:
    def __init__(self, entries: Sequence[Entry]) -> None:
        self._init = next(entry for entry in entries if entry["kind"] == "init")
        self._plan = self._init["plan"]
        self._lost = str(self._plan["lose"])
        self._speed = int(self._plan["speed"])
        self._entries = entries
        self._samples = tuple(Sample.from_entry(entry) for entry in entries if entry["kind"] == "sample")
        change = next((e for e in entries if e["kind"] == "change" and Change.from_entry(e).takes_site), None)
        self._loss = str(change["change"]) if change else ""
        self._change_requested = float(change["at"]) if change else None
        self._undo_requested = self._find("undo")
        self._lags_at_stamps: list[float] = []

    def measure(self) -> Measurement:
        stamps, recoveries = self._find_stamps()
        away = Span(self._change_requested, self._undo_requested)
        abort = next((entry for entry in self._entries if entry["kind"] == "abort"), None)
        begun = {entry["change"] for entry in self._entries if entry["kind"] == "change"}
        undone = {entry["change"] for entry in self._entries if entry["kind"] == "undone"}
        return Measurement(
            drill_id=str(self._init["drill_id"]),
            utc=str(self._init["utc"]),
            host=str(self._plan["host"]),
            lost=self._lost,
            speed=self._speed,
            stamps=stamps,
            failover=self._terms(
                "failover", ("change_requested", "dns_moved", "caches_expired", "clients_recovered"), stamps
            ),
            failback=self._terms(
                "failback", ("undo_requested", "dns_back", "new_caches_expired", "clients_back"), stamps
            ),
            clients=_count(self._outside_window(self._by(CLIENT))),
            window=_count(self._inside_window(self._by(CLIENT))),
            kinds=tuple(self._kinds()),
            answers=_count(self._by(AUTHORITY)),
            pinned=_count(self._by(SITE)),
            client_recoveries=recoveries,
            latencies=self._latencies(),
            lag=self._lag(),
            resolution_simulated_seconds={
                name: round(period * self._speed, 3) for name, period in self._init["observers"].items()
            },
            abort=str(abort["why"]) if abort else "",
            restored=begun <= undone,
            waits=tuple(describe_waits(read_waits(self._plan))),
            died=next((str(e["why"]) for e in self._entries if e["kind"] == "held-back"), ""),
            account=give_account(self._entries, self._samples, away),
            scaled=read_scaled(self._entries, away, self._speed),
            samples=self._samples,
            steps=tuple((str(e["name"]), float(e["at"])) for e in self._entries if e["kind"] == "step"),
            overridden=tuple(self._init.get("findings", ())),
        )

    def _find(self, kind: str) -> float | None:
        """When the entry of this kind about the loss was written."""
        return next((float(e["at"]) for e in self._entries if e["kind"] == kind and e["change"] == self._loss), None)

    def _outside_window(self, samples: Sequence[Sample]) -> list[Sample]:
        return [sample for sample in samples if not self._is_inside_window(sample)]

    def _inside_window(self, samples: Sequence[Sample]) -> list[Sample]:
        return [sample for sample in samples if self._is_inside_window(sample)]

    def _is_inside_window(self, sample: Sample) -> bool:
        """Where a site is really away, requests may fail until all traffic should have left it, and only then."""
        began = self._change_requested
        if began is None or not self._plan.get("breaks_requests", False):
            return False
        worst = sum(term["worst_seconds"] for term in self._plan["failover"]["terms"])
        return began <= sample.ended and sample.at <= began + worst / self._speed

    def _by(self, prefix: str) -> list[Sample]:
        return [sample for sample in self._samples if sample.by.startswith(prefix)]

    def _find_stamps(self) -> tuple[dict[str, float | None], dict[str, float]]:
        left, renewed = self._find_leaving(CLIENT), self._find_renewals()
        stamps: dict[str, float | None] = {
            "change_requested": self._change_requested,
            "dns_moved": self._latest_end(self._find_leaving(AUTHORITY).values()),
            "caches_expired": _latest(_ran_out_at(sample) for sample in left.values()),
            "clients_recovered": self._latest_end(left.values()),
            "undo_requested": self._undo_requested,
            "dns_back": self._first_end(AUTHORITY),
            "site_serving": self._first_end(CLIENT),
            "new_caches_expired": _latest(_ran_out_at(sample) for sample in renewed),
            "clients_back": self._latest_end(renewed),
        }
        recoveries = {
            by: self._simulated(s.ended - (self._change_requested or 0.0)) for by, s in left.items() if s is not None
        }
        return stamps, recoveries

    def _find_leaving(self, prefix: str) -> dict[str, Sample | None]:
        """By observer, its first right answer from elsewhere after which it never saw the lost site during the loss."""
        return {by: self._left(samples) for by, samples in _group(self._by(prefix)).items()}

    def _kinds(self) -> Iterator[KindWindow]:
        """Of each kind that was played: what it had from the change on, and when it had left the lost site."""
        for by, samples in sorted(_group(self._by(KIND)).items()):
            name = kind_of(by).removeprefix(KIND)
            began = self._change_requested if self._change_requested is not None else math.inf
            seen = [sample for sample in samples if sample.ended >= began]
            left = self._left(samples)
            longest = max((end - begin for begin, end in find_windows(seen)), default=0.0)
            yield KindWindow(
                name,
                len(seen),
                sum(not sample.right for sample in seen),
                self._simulated(longest),
                self._simulated(left.ended - began) if left else None,
                tuple(self._plan["kinds"][name]),
            )

    def _left(self, samples: Sequence[Sample]) -> Sample | None:
        first: Sample | None = None
        until = self._undo_requested if self._undo_requested is not None else math.inf
        for sample in samples:
            if self._change_requested is None or not self._change_requested <= sample.at < until or not sample.right:
                continue
            if sample.site == self._lost:
                first = None
            elif first is None:
                first = sample
        return first

    def _find_renewals(self) -> list[Sample | None]:
        """Of each client, the first right answer after DNS had the site again for which it had to ask DNS."""
        back = self._first_end(AUTHORITY)
        return [
            next((s for s in samples if back is not None and s.at >= back and s.right and s.ran_out is not None), None)
            for samples in _group(self._by(CLIENT)).values()
        ]

    def _first_end(self, prefix: str) -> float | None:
        """When the first right answer after the undo came that names, or is by, the lost site."""
        back = [
            s
            for s in self._by(prefix)
            if self._undo_requested is not None and s.at >= self._undo_requested and s.right and s.site == self._lost
        ]
        first = min(back, key=lambda sample: sample.at, default=None)
        return self._latest_end([first])

    def _latest_end(self, samples: Iterable[Sample | None]) -> float | None:
        """When the last of these was answered; remembers how late their observers were."""
        found = list(samples)
        self._lags_at_stamps += [sample.late_ms for sample in found if sample is not None]
        return _latest(None if sample is None else sample.ended for sample in found)

    def _terms(self, which: str, names: tuple[str, ...], stamps: dict[str, float | None]) -> tuple[MeasuredTerm, ...]:
        """The predicted terms beside the measured ones, and their total: the last stamp minus the first."""
        predicted = self._plan[which]["terms"]
        times: list[float | None] = []
        for name in names:
            time, before = stamps[name], times[-1] if times else None
            # Clients may be quicker than the slowest name server: then nothing is left for their own terms.
            times.append(time if time is None or before is None else max(time, before))
        durations = [None if a is None or b is None else self._simulated(b - a) for a, b in pairwise(times)]
        doubt = max(self._init["observers"].values(), default=0.0) * self._speed
        terms = [
            MeasuredTerm(
                term["name"],
                term["best_seconds"],
                term["typical_seconds"],
                term["worst_seconds"],
                duration,
                doubt,
                term["why"],
            )
            for term, duration in zip(predicted, durations, strict=True)
        ]
        first, last = stamps[names[0]], stamps[names[-1]]
        whole = None if first is None or last is None else self._simulated(last - first)
        best, typical, worst = (sum(getattr(term, kind) for term in terms) for kind in ("best", "typical", "worst"))
        band = self._band(stamps) if which == "failover" else None
        return (*terms, MeasuredTerm("total", best, typical, worst, whole, doubt, TOTALS[which], band))

    def _band(self, stamps: dict[str, float | None]) -> tuple[float, float] | None:
        begin, moved = self._change_requested, stamps["dns_moved"]
        if begin is None or moved is None:
            return None
        return predict_journaled(self._plan, self._init["observers"], self._samples, begin, moved)

    def _latencies(self) -> tuple[Latency, ...]:
        found = []
        for by, samples in sorted(_group(self._by(SITE)).items()):
            right = [sample for sample in samples if sample.right]
            before = [s.ms for s in right if self._change_requested is None or s.at < self._change_requested]
            during = [
                s.ms
                for s in right
                if self._change_requested is not None
                and self._change_requested <= s.at < (self._undo_requested or math.inf)
            ]
            found.append(
                Latency(by.removeprefix(SITE), *(percentile(part, q) for part in (before, during) for q in (0.5, 0.95)))
            )
        return tuple(found)

    def _lag(self) -> Lag:
        late = [sample.late_ms for sample in self._samples]
        p99, worst = percentile(late, LAG_PERCENTILE) or 0.0, max(late, default=0.0)
        at_stamps = max(self._lags_at_stamps, default=0.0)
        return Lag(p99, worst, at_stamps, self._simulated(max(p99, at_stamps) / 1000))

    def _simulated(self, wall_seconds: float) -> float:
        return round(wall_seconds * self._speed, 3)


def _group(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    groups: dict[str, list[Sample]] = {}
    for sample in sorted(samples, key=lambda sample: sample.at):
        groups.setdefault(sample.by, []).append(sample)
    return groups


def _ran_out_at(sample: Sample | None) -> float | None:
    """When the answer that the client had kept before this look ran out."""
    return None if sample is None else sample.at - (sample.ran_out or 0.0)


def _latest(times: Iterable[float | None]) -> float | None:
    """The latest of all; None when one of them never happened, or there is none."""
    found = list(times)
    known = [time for time in found if time is not None]
    return max(known) if known and len(known) == len(found) else None


def _count(samples: Sequence[Sample]) -> Counts:
    failed, wrong = [s for s in samples if s.error], [s for s in samples if s.wrong]
    told = dict.fromkeys(f"{s.by}: {s.error or s.wrong}" for s in (*failed, *wrong))
    return Counts(len(samples), len(failed), len(wrong), tuple(told)[:5])


def percentile(values: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile: the smallest value that at least `share` of all do not exceed."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
