"""Pure: how long failover and failback take, from the configuration alone; term by term, each with its source.

    check = Check(interval_seconds=10, failure_threshold=3)
    predict_failover(check, ttl_seconds=30).typical_seconds      # about 47 s
    predict_failover(check, ttl_seconds=30, level=1)             # a drill that switches the check: no detection term

All seconds are simulated seconds. A simulated clock that runs `speed` times faster changes three things, which `Pace`
knows: TTLs become whole real seconds, socket time-outs keep a floor in real time, and what the observers themselves
take weighs `speed` times more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

CHECKER_REGIONS = (
    "us-east-1",
    "us-west-1",
    "us-west-2",
    "eu-west-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "sa-east-1",
)
"""Where Route 53 checks from (enum `HealthCheckRegion`); from all of them when a check names none."""

HEALTHY_SHARE = 0.18
"""An endpoint is healthy while more than this share of its checkers say so (Developer Guide,
`dns-failover-determining-health-of-endpoints`)."""

CONNECT_SECONDS, STATUS_SECONDS = 4.0, 2.0
"""What a checker waits for a TCP connection, and then for the status (the same page)."""

CONNECT_FLOOR_WALL_SECONDS, STATUS_FLOOR_WALL_SECONDS = 0.5, 1.0
"""The simulated checkers' shortest time-outs; with speed 1 they do not matter."""

CHECKERS = len(CHECKER_REGIONS)
"""Simulated: one for each of the eight regions. Amazon has about two per region, and does not document how many."""

CHANGE_SECONDS = 60.0
"""API reference, ChangeResourceRecordSets: changes generally reach all name servers within 60 seconds."""

STATUS_TO_ANSWER_SECONDS = 10.0
"""From a health check's status to the answers of all name servers. Not documented: an assumption on the safe side."""

Fault = Literal["refused", "blackhole", "slow"]
"""How a site fails: it refuses or answers wrongly at once; it swallows packets; it accepts and does not answer."""


@dataclass(frozen=True)
class Term:
    """One part of a recovery time, in simulated seconds: best <= typical <= worst; `why` tells where it comes from."""

    name: str
    best_seconds: float
    typical_seconds: float
    worst_seconds: float
    why: str


@dataclass(frozen=True)
class Prediction:
    """The terms in the order in which they pass; one begins where the other ends, so sums are sums."""

    terms: tuple[Term, ...]

    @property
    def best_seconds(self) -> float:
        """When everything falls luckily."""
        return sum(term.best_seconds for term in self.terms)

    @property
    def typical_seconds(self) -> float:
        """The sum of the terms' means."""
        return sum(term.typical_seconds for term in self.terms)

    @property
    def worst_seconds(self) -> float:
        """When everything falls badly, for a client that honours the TTL."""
        return sum(term.worst_seconds for term in self.terms)


@dataclass(frozen=True)
class Check:
    """The settings of an endpoint's health check that decide how soon it notices."""

    interval_seconds: float = 10.0
    failure_threshold: int = 3
    checkers: int = CHECKERS
    response_seconds: float = 0.5
    """How long a healthy answer may take."""

    @property
    def most_healthy_when_unhealthy(self) -> int:
        """How many checkers may still call the endpoint healthy while it counts as unhealthy."""
        return math.floor(HEALTHY_SHARE * self.checkers)

    @property
    def must_fail(self) -> int:
        """How many checkers have to turn until the endpoint is unhealthy."""
        return self.checkers - self.most_healthy_when_unhealthy

    @property
    def must_recover(self) -> int:
        """How many checkers have to turn until an endpoint that all call unhealthy is healthy."""
        return self.most_healthy_when_unhealthy + 1


@dataclass(frozen=True)
class Pace:
    """Who watches, and on which clock: `clients` watch, each sends a request every `period_wall_seconds`."""

    speed: int = 1
    clients: int = 1
    period_wall_seconds: float = 0.1
    request_wall_seconds: float = 0.25
    lag_seconds: float = 1.0
    """How late, in simulated seconds, observers may be before they call their own measurement invalid."""


def predict_failover(
    check: Check,
    *,
    ttl_seconds: int,
    level: int = 2,
    fault: Fault = "refused",
    pace: Pace | None = None,
    connection_seconds: float = 0.0,
) -> Prediction:
    """From the site's failure (level 1: from the change of its health check) to the last client's first good answer.

    Args:
        check: of the site that is lost.
        ttl_seconds: of the records of the public host.
        level: of the drill; 1 switches the health check itself, so that there is nothing to detect.
        fault: how the site fails; matters from level 2 on.
        pace: who watches; one client in real time when absent.
        connection_seconds: greatest age of a connection, for clients that keep theirs while the site answers on them;
            0 for clients that open one for each request.
    """
    pace = pace or Pace()
    detection = () if level == 1 else (_detect_failure(check, fault, pace),)
    connections = (_keep_alive(connection_seconds),) if connection_seconds else ()
    return Prediction((*detection, _switch(level), _caches(ttl_seconds, pace), *connections, _connect(pace)))


def predict_failback(
    check: Check, *, ttl_seconds: int, level: int = 2, fault: Fault = "refused", pace: Pace | None = None
) -> Prediction:
    """From the site's recovery (level 1: from the undo) to the last client's first answer that may be the site's again.

    `fault` is what ends: a checker may still be waiting in it. Level 1 has no detection: a check that is enabled again
    counts as healthy until there is enough data, as a new one does.
    """
    pace = pace or Pace()
    detection = () if level == 1 else (_detect_recovery(check, fault, pace),)
    return Prediction((*detection, _switch(level), _caches(ttl_seconds, pace), _connect(pace)))


def time_to_fail(fault: Fault, speed: int = 1) -> float:
    """How long a check of a site with this fault takes until it has failed, in simulated seconds."""
    if fault == "blackhole":
        return max(CONNECT_SECONDS, CONNECT_FLOOR_WALL_SECONDS * speed)
    if fault == "slow":
        return max(STATUS_SECONDS, STATUS_FLOOR_WALL_SECONDS * speed)
    return 0.0


def effective_ttl_seconds(ttl_seconds: int, speed: int) -> int:
    """The TTL that a client on a clock of this speed really keeps: whole real seconds, at least one."""
    return max(1, ttl_seconds // speed) * speed if ttl_seconds else 0


def _detect_failure(check: Check, fault: Fault, pace: Pace) -> Term:
    """Each checker begins its next check at a random moment of its cycle, and then has to fail n times in a row."""
    failing = time_to_fail(fault, pace.speed)
    row = (check.failure_threshold - 1) * (check.interval_seconds + failing)
    cycle = check.interval_seconds + check.response_seconds
    slack = _slack(check, pace)
    return Term(
        "detection",
        row,  # the last checks before the failure were still under way, and failed too
        cycle * check.must_fail / (check.checkers + 1) + failing + row,
        cycle + failing + row + slack,
        f"{check.must_fail} of {check.checkers} checkers have to see {check.failure_threshold} failures in a row, "
        f"{check.interval_seconds:g} s after each response; a check of a site that is {_SAID[fault]} takes "
        f"{failing:g} s (Developer Guide, how Route 53 determines whether a health check is healthy)",
    )


def _detect_recovery(check: Check, fault: Fault, pace: Pace) -> Term:
    cycle = check.interval_seconds + time_to_fail(fault, pace.speed)
    row = (check.failure_threshold - 1) * check.interval_seconds
    slack = _slack(check, pace)
    return Term(
        "detection",
        row,
        cycle * check.must_recover / (check.checkers + 1) + row,
        cycle + row + check.failure_threshold * check.response_seconds + slack,
        f"{check.must_recover} of {check.checkers} checkers have to see {check.failure_threshold} successes in a row "
        "(FailureThreshold counts both ways; more than 18 % are enough)",
    )


def _slack(check: Check, pace: Pace) -> float:
    """What n checks in a row may take longer because the machine is slow: a request and the lag for each."""
    return (
        check.failure_threshold * (pace.request_wall_seconds * pace.speed if pace.speed > 1 else 0.0) + pace.lag_seconds
    )


def _switch(level: int) -> Term:
    if level == 1:
        why = f"until every name server follows a changed setting: within {CHANGE_SECONDS:g} s for Route 53's changes"
        return Term("switch", 0.0, CHANGE_SECONDS / 12, CHANGE_SECONDS, why)
    why = "until every name server follows the health check's status: not documented, assumed"
    return Term("switch", 0.0, STATUS_TO_ANSWER_SECONDS / 10, STATUS_TO_ANSWER_SECONDS, why)


def _caches(ttl_seconds: int, pace: Pace) -> Term:
    ttl = effective_ttl_seconds(ttl_seconds, pace.speed)
    last = ttl * pace.clients / (pace.clients + 1)
    why = f"a client keeps its answer for the rest of its TTL of {ttl} s"
    if pace.clients > 1:
        why += f"; typical is the last of {pace.clients} clients"
    return Term("caches", 0.0, last, float(ttl), why)


def _keep_alive(connection_seconds: float) -> Term:
    why = f"a client with a pool asks DNS only for a new connection: each ends within {connection_seconds:g} s"
    return Term("connections", 0.0, connection_seconds / 2, connection_seconds, why)


def _connect(pace: Pace) -> Term:
    request = pace.request_wall_seconds * pace.speed
    period = pace.period_wall_seconds * pace.speed
    return Term(
        "client",
        0.0,
        period / 2 + request / 2,
        period + request + pace.lag_seconds,
        "the client's next request comes, connects and is answered",
    )


_SAID: dict[Fault, str] = {
    "refused": "refusing",
    "blackhole": "swallowing packets",
    "slow": "accepting without an answer",
}
