"""Whether this replica should get traffic: `GET /health`.

Healthy means: every model gives its golden answers, each artifact's digest is right, predictions are not refused for
a reason of this replica's own, and over a minimum sample the share of server errors is under its limit and 95 % of the
answers come in the promised time. Shed load and refused requests (4xx) never count: overload must not take a site out
and push its load onto the next.

What is the same at every site never counts either: all sites would leave at once. It is a warning, in the answer, the
log and the metrics (docs/decisions/0003). So an error does not count where the same request fails again, nor a late
answer to more rows than the self-inference has, nor any where the model itself is slower than promised (0005).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from service.server.faults import Faults
from service.server.listeners import Listener
from service.server.models import Models

if TYPE_CHECKING:
    from service.server.exchange import Exchange

Check = Callable[[], tuple[int, bytes]]
"""Gives status and JSON of a health check."""

_BUCKETS = 60  # of a window
_PARTS = (1 / 3, 1.0)  # of the window: the latest answers are judged where they are enough, else all
_LATE_SHARE = 0.05  # of the answers, over which the 95th percentile is late
_DIGEST_SECONDS, _DIGEST_INTERVALS = 5.0, 5  # between two looks at the artifacts on disk: the lesser, as they cost more
_OVERDUE_SECONDS = 10.0  # after which the timer is taken for dead, and the self-inference runs when it is asked for
_SHOWN = 5  # reasons in the answer: Route 53 reads the first 5,120 bytes only


class Totals(NamedTuple):
    """Answers of a while: all, those that were server errors here, those that would be everywhere, and late."""

    answers: int = 0
    errors: int = 0
    everywhere: int = 0
    timed: int = 0
    late: int = 0


_ANSWERS, _TIMED = Totals._fields.index("answers"), Totals._fields.index("timed")


class AnswerWindow:
    """Answers of the last `seconds`, counted in buckets."""

    def __init__(self, seconds: float = 60.0) -> None:
        self._bucket_seconds = seconds / _BUCKETS
        self._number = [-1] * _BUCKETS
        self._counts = [Totals()] * _BUCKETS

    def record(self, now: float, counted: Totals) -> None:
        """Count answers given (2xx, 5xx of our own making), how many were server errors, and how many were late."""
        number = int(now / self._bucket_seconds)
        slot = number % _BUCKETS
        before = self._counts[slot] if self._number[slot] == number else Totals()
        self._number[slot] = number
        self._counts[slot] = Totals(*map(sum, zip(before, counted, strict=True)))

    def totals(self, now: float, part: float = 1.0) -> Totals:
        """What was counted in the window, or in the latest part of it."""
        newest = now / self._bucket_seconds
        live = [i for i, number in enumerate(self._number) if newest - part * _BUCKETS < number <= newest]
        return Totals(*map(sum, zip(Totals(), *(self._counts[i] for i in live), strict=True)))


class Limits(NamedTuple):
    """What answers are held to, once there were `min_requests` of them within `window_seconds`."""

    error_ratio: float
    p95_seconds: float
    min_requests: int
    window_seconds: float = 60.0


class Health(Listener):
    """The verdict on this replica; the self-inference is cached, the rest is looked at each time.

    `troubles` gives reasons of other parts of this replica to take it out; `warnings` what an operator has to mend and
    no other site would do better.
    """

    def __init__(
        self,
        models: Models,
        faults: Faults,
        *,
        accepted: Mapping[str, str],
        interval_seconds: float,
        limits: Limits,
        identity: Mapping[str, str],
        clock: Callable[[], float],
        troubles: Callable[[], Sequence[str]] = lambda: (),
        warnings: Callable[[], Sequence[str]] = lambda: (),
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.window = AnswerWindow(limits.window_seconds)
        self.draining = False
        self._models = models
        self._faults = faults
        self._accepted = accepted
        self._interval = interval_seconds
        self._limits = limits
        self._identity = dict(identity)
        self._clock = clock
        self._troubles = troubles
        self._warnings = warnings
        # More rows than a self-inference has may take longer: that says nothing about this replica.
        self._most_timed = min((len(model.classifier.golden) for model in models), default=0)
        self._fastest: dict[str, float] = {}
        self._timer = timer
        self._checked_at = self._digests_at = float("-inf")
        self._mismatches: list[str] = []
        self._failures: list[str] = ["the first self-inference has not run"]

    def answered(self, exchanges: Sequence[Exchange], finished: float) -> None:
        """Count answers given, those that were server errors, and those that came late."""
        answers = errors = everywhere = timed = late = 0
        for exchange in exchanges:
            if exchange.status == 200:
                answers += 1
                if exchange.rows <= self._most_timed:
                    timed += 1
                    late += finished - exchange.arrived > self._limits.p95_seconds
            elif exchange.status == 500:
                answers += 1
                everywhere += exchange.everywhere
                errors += not exchange.everywhere
        if answers:
            self.window.record(finished, Totals(answers, errors, everywhere, timed, late))

    def refresh(self, *, just_loaded: bool = False) -> list[str]:
        """Run the self-inference now, and the digest check where it is due; returns what failed."""
        failures: list[str] = []
        for model in self._models:
            began = self._timer()
            wrong = model.golden_failures()
            self._fastest[model.name] = min(self._fastest.get(model.name, float("inf")), self._timer() - began)
            if wrong:
                rows = len(model.classifier.golden)
                failures.append(f"{len(wrong)} of {rows} golden answers of {model.name} are wrong: {wrong[0]}")
        if self._clock() - self._digests_at >= min(_DIGEST_SECONDS, _DIGEST_INTERVALS * self._interval):
            self._mismatches, self._digests_at = self._find_mismatches(just_loaded), self._clock()
        self._failures = [*failures, *self._mismatches]
        self._checked_at = self._clock()
        return self._failures

    def _find_mismatches(self, just_loaded: bool) -> list[str]:
        """Every model that is not the one that this site is to serve."""
        found = [m.digest_failure(self._accepted.get(m.name), just_loaded=just_loaded) for m in self._models]
        served = {model.name for model in self._models}
        missing = [f"{n}: not served, this site is to serve {d}" for n, d in self._accepted.items() if n not in served]
        return [*filter(None, found), *missing]

    def reasons(self) -> list[str]:
        """Why the replica is unhealthy; empty when it is healthy."""
        now = self._clock()
        # The timer refreshes it; this is for the case that the timer is late, as under a starved processor.
        if now - self._checked_at > max(2 * self._interval, _OVERDUE_SECONDS):
            self.refresh()
        reasons = [*self._failures, *self._troubles(), *self._answers_at_fault()]
        if self._faults.mode() == "fail-health":
            reasons.append("a drill made the health check fail")
        if self.draining:
            reasons.append("the replica is shutting down")
        return reasons

    def _answers_at_fault(self) -> list[str]:
        """What the latest answers say against this replica."""
        counted, timed, limits = self._latest(_ANSWERS), self._latest(_TIMED), self._limits
        found = []
        if counted.errors and counted.errors >= limits.error_ratio * counted.answers:
            found.append(f"{counted.errors} of the latest {counted.answers} answers were server errors")
        if timed.late > _LATE_SHARE * timed.timed and not self._slow_models():
            promised = f"{limits.p95_seconds * 1000:g} ms"
            found.append(f"{timed.late} of the latest {timed.timed} answers took over {promised}")
        return found

    def _latest(self, field: int) -> Totals:
        """The latest answers that are enough to judge by, as this field counts them; nothing where they are too few.

        Of a whole minute the good answers before a failure hide it for a while, and its errors are held against the
        replica for a while after. Where there is much traffic a third of it says as much.
        """
        now, least = self._clock(), self._limits.min_requests
        found = (self.window.totals(now, part) for part in _PARTS)
        return next((totals for totals in found if totals[field] >= least), Totals())

    def _slow_models(self) -> list[str]:
        """Models whose self-inference never came in the promised time: they are as slow at every site."""
        return [name for name, seconds in self._fastest.items() if seconds > self._limits.p95_seconds]

    def _what_every_site_has(self) -> list[str]:
        counted = self.window.totals(self._clock())
        found = [f"{name} is slower than promised in itself, as at every site" for name in self._slow_models()]
        if counted.everywhere:
            told = "failed, and failed again when repeated, as they would at every site"
            found.append(f"{counted.everywhere} of the latest {counted.answers} requests {told}")
        return found

    def report_ready(self) -> tuple[int, bytes]:
        """Status and body of the Open Inference Protocol's `/v2/health/ready`."""
        return (503, b'{"ready":false}') if self.reasons() else (200, b'{"ready":true}')

    def report(self) -> tuple[int, bytes]:
        """Status and body of `/health`; the body holds `"status":"ok"` only when the replica is healthy."""
        reasons = self.reasons()
        document: dict[str, Any] = {"status": "unhealthy" if reasons else "ok", **self._identity}
        document["models"] = {
            m.name: {"version": m.version, "digest": m.digest} for m in self._models.newest().values()
        }
        if reasons:
            document["reasons"] = [reason[:200] for reason in reasons[:_SHOWN]]
        if warnings := [*self._warnings(), *self._what_every_site_has()]:
            document["warnings"] = [warning[:200] for warning in warnings[:_SHOWN]]
        return (503 if reasons else 200), orjson.dumps(document)


def checks_of(health: Health) -> dict[str, Check]:
    """What is asked every few seconds by each of many checkers, overloaded or not: answered without the application."""
    return {
        "/health": health.report,
        "/healthz": health.report,  # as it was called before: Cloud Run keeps paths that end in z for itself
        "/livez": lambda: (200, b'{"status":"live"}'),
        "/v2/health/live": lambda: (200, b'{"live":true}'),
        "/v2/health/ready": health.report_ready,
    }
