"""Whether this replica should get traffic: `GET /health`.

Healthy means: every model gives its golden answers, each artifact's digest is right, predictions are not refused for
a reason of this replica's own, and the share of server errors over a minimum sample is under its limit. Shed load and
refused requests (4xx) never count: overload must not take a site out and push its load onto the next.

What is configured the same at every site never counts either: all sites would leave at once. It is a warning, in the
answer, the log and the metrics (docs/decisions/0003).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from service.server.faults import Faults
from service.server.listeners import Listener
from service.server.models import Models

if TYPE_CHECKING:
    from service.server.exchange import Exchange

WINDOW_SECONDS = 60
_SHOWN = 5  # reasons in the answer: Route 53 reads the first 5,120 bytes only


class ErrorWindow:
    """Answers and server errors of the last minute, in buckets of one second."""

    def __init__(self) -> None:
        self._second = [-1] * WINDOW_SECONDS
        self._answers = [0] * WINDOW_SECONDS
        self._errors = [0] * WINDOW_SECONDS

    def record(self, now: float, *, answers: int, errors: int) -> None:
        """Count answers given (2xx, 5xx of our own making) and how many of them were server errors."""
        second = int(now)
        slot = second % WINDOW_SECONDS
        if self._second[slot] != second:
            self._second[slot], self._answers[slot], self._errors[slot] = second, 0, 0
        self._answers[slot] += answers
        self._errors[slot] += errors

    def totals(self, now: float) -> tuple[int, int]:
        """Answers and errors of the last minute."""
        live = [i for i, second in enumerate(self._second) if now - WINDOW_SECONDS < second <= now]
        return sum(self._answers[i] for i in live), sum(self._errors[i] for i in live)


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
        error_ratio: float,
        min_requests: int,
        identity: Mapping[str, str],
        clock: Callable[[], float],
        troubles: Callable[[], Sequence[str]] = lambda: (),
        warnings: Callable[[], Sequence[str]] = lambda: (),
    ) -> None:
        self.window = ErrorWindow()
        self.draining = False
        self._models = models
        self._faults = faults
        self._accepted = accepted
        self._interval = interval_seconds
        self._error_ratio = error_ratio
        self._min_requests = min_requests
        self._identity = dict(identity)
        self._clock = clock
        self._troubles = troubles
        self._warnings = warnings
        self._checked_at = float("-inf")
        self._failures: list[str] = ["the first self-inference has not run"]

    def answered(self, exchanges: Sequence[Exchange], finished: float) -> None:
        """Count answers given, and those that were server errors."""
        answers = errors = 0
        for exchange in exchanges:
            if exchange.status == 200:
                answers += 1
            elif exchange.status == 500:
                answers += 1
                errors += 1
        if answers:
            self.window.record(finished, answers=answers, errors=errors)

    def refresh(self, *, just_loaded: bool = False) -> list[str]:
        """Run the self-inference and the digest check now; returns what failed."""
        failures: list[str] = []
        for model in self._models:
            wrong = model.golden_failures()
            if wrong:
                rows = len(model.classifier.golden)
                failures.append(f"{len(wrong)} of {rows} golden answers of {model.name} are wrong: {wrong[0]}")
            if reason := model.digest_failure(self._accepted.get(model.name), just_loaded=just_loaded):
                failures.append(reason)
        served = {model.name for model in self._models}
        failures += [
            f"{name}: not served, this site is to serve {d}" for name, d in self._accepted.items() if name not in served
        ]
        self._failures = failures
        self._checked_at = self._clock()
        return failures

    def reasons(self) -> list[str]:
        """Why the replica is unhealthy; empty when it is healthy."""
        now = self._clock()
        # The timer refreshes it; this is for the case that the timer is late, as under a starved processor.
        if now - self._checked_at > 2 * self._interval:
            self.refresh()
        reasons = [*self._failures, *self._troubles()]
        if self._faults.mode() == "fail-health":
            reasons.append("a drill made the health check fail")
        answers, errors = self.window.totals(now)
        if answers >= self._min_requests and errors / answers >= self._error_ratio:
            reasons.append(f"{errors} of {answers} answers of the last minute were server errors")
        if self.draining:
            reasons.append("the replica is shutting down")
        return reasons

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
        if warnings := self._warnings():
            document["warnings"] = [warning[:200] for warning in warnings[:_SHOWN]]
        return (503 if reasons else 200), orjson.dumps(document)
