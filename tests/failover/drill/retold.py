"""Journals written by hand: a drill whose every moment is known, so that what is measured can be computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from failover.drill.changes import plan_switch_off
from failover.drill.fleet import HealthCheck
from failover.drill.samples import Sample
from failover.routing.predict import Check, Pace, predict_failback, predict_failover

CHANGE = plan_switch_off(HealthCheck("check-aws", 1, 10, 3))


@dataclass
class Story:
    """When things happened, in real seconds since the drill began; `ran_out` and `moved` are by client."""

    speed: int = 10
    asked: float = 2.0
    dropped: float = 2.3
    ran_out: tuple[float, ...] = (2.8, 4.9)
    undone: float = 6.0
    named: float = 6.2
    renewed: tuple[float, ...] = (6.5, 8.1)
    end: float = 9.0
    beat: float = 0.1
    late_ms: float = 1.0
    request_ms: float = 5.0
    more: list[dict[str, Any]] = field(default_factory=list)
    breaks_requests: bool = False

    def entries(self) -> list[dict[str, Any]]:
        """The journal's entries, in order of time."""
        return sorted([*self._events(), *self._samples(), *self.more], key=lambda entry: float(entry["at"]))

    def _events(self) -> Iterator[dict[str, Any]]:
        pace = Pace(self.speed, len(self.ran_out), self.beat)
        terms = {
            "failover": asdict(predict_failover(Check(), ttl_seconds=30, level=1, pace=pace)),
            "failback": asdict(predict_failback(Check(), ttl_seconds=30, level=1, pace=pace)),
        }
        plan = {
            "host": "api.outlast.example",
            "lose": "aws",
            "speed": self.speed,
            "breaks_requests": self.breaks_requests,
            **terms,
        }
        names = ["authority-1", *(f"client-{n + 1}" for n in range(len(self.ran_out))), "site-aws", "site-gcp"]
        beats = dict.fromkeys(names, self.beat)
        yield {
            "at": 0.0,
            "kind": "init",
            "drill_id": "d",
            "utc": "2026-11-23T12:00:00+00:00",
            "plan": plan,
            "observers": beats,
        }
        yield {"at": 0.0, "kind": "step", "name": "steady"}
        yield {"at": self.asked, "kind": "change", **CHANGE.to_entry()}
        yield {"at": self.asked + 0.01, "kind": "changed", "change": CHANGE.name}
        yield {"at": self.undone, "kind": "undo", "change": CHANGE.name}
        yield {"at": self.undone + 0.01, "kind": "undone", "change": CHANGE.name, "found": "restored"}
        yield {"at": self.end, "kind": "end"}

    def _samples(self) -> Iterator[dict[str, Any]]:
        for at in self._beats(0.0):
            away = self.dropped <= at < self.named
            yield self._sample("authority-1", "gcp" if away else "aws", at)
            yield self._sample("site-aws", "aws", at)
            yield self._sample("site-gcp", "gcp", at)
        for n, (ran_out, renewed) in enumerate(zip(self.ran_out, self.renewed, strict=True)):
            waiting = [(ran_out, "gcp"), (renewed, "aws")]
            site = "aws"
            for at in self._beats(0.03 + 0.01 * n):
                over = None
                while waiting and waiting[0][0] <= at:
                    run_out, site = waiting.pop(0)
                    over = round(at - run_out, 6)
                yield self._sample(f"client-{n + 1}", site, at, over)

    def _beats(self, phase: float) -> Iterator[float]:
        count = int((self.end - phase) / self.beat)
        return (round(phase + n * self.beat, 6) for n in range(count))

    def _sample(self, by: str, site: str, at: float, ran_out: float | None = None) -> dict[str, Any]:
        sample = Sample(site, ran_out=ran_out, by=by, at=at, ms=self.request_ms, late_ms=self.late_ms)
        return {"kind": "sample", **sample.to_entry()}
