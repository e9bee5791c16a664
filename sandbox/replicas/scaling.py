"""How many replicas a cloud would run of a workload, by the rule that it documents. Pure: the time is an argument.

Rates are those of simulated time, like everything that the sandbox measures: at SPEED=10 a client has to ask ten times
as often to be the same load, and a processor that is busy all the time is a tenth busy.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

REQUESTS, CPU = "requests", "cpu"


@dataclass
class Meter:
    """What a workload's replicas had to do so far. The load balancer counts requests, the supervisor the rest."""

    requests: int = 0
    request_seconds: float = 0.0  # requests at once x simulated seconds
    cpu_seconds: float = 0.0


@dataclass(frozen=True)
class Window:
    """What came in some simulated seconds, on average: requests and processors in use, all replicas together."""

    seconds: float
    requests: float
    in_flight: float
    cpus: float
    replicas: int

    @property
    def rps(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


@dataclass(frozen=True)
class Now:
    """What a rule decides by: the windows so far (the newest last), what runs, and when that last changed."""

    windows: Sequence[Window]
    replicas: int
    in_flight: int
    since_out: float
    since_in: float
    wished: Sequence[int]  # what the rule found necessary at each look, the newest last


class Rule(Protocol):
    """How one cloud decides. It looks every `period` simulated seconds, and remembers `depth` of these."""

    @property
    def period(self) -> float: ...

    @property
    def depth(self) -> int: ...

    def wish(self, now: Now) -> int:
        """How many replicas the load of now asks for."""

    def decide(self, now: Now) -> int:
        """How many there are from now on, `now.wished` being what `wish` said, this time's included."""


# -- AWS -------------------------------------------------------------------------------------------------------------

# Of the alarms that Application Auto Scaling makes for a policy, as they are found in accounts: three minutes above the
# target, fifteen below nine tenths of it. Its user guide promises neither.
_OUT_POINTS, _IN_POINTS, _LOW_SHARE = 3, 15, 0.9


@dataclass(frozen=True)
class Policy:
    """One target-tracking policy: what it measures for each task, and what it keeps to (a minute's requests, or %)."""

    metric: str
    target: float
    out_cooldown: float = 300.0
    in_cooldown: float = 300.0
    scales_in: bool = True

    def value(self, window: Window, cpus: float) -> float | None:
        """One data point; None where there is none: a load balancer reports no request that did not come."""
        if self.metric == REQUESTS:
            return window.requests * 60 / window.seconds / window.replicas if window.requests else None
        return 100 * window.cpus / (cpus * window.replicas)


@dataclass(frozen=True)
class TargetTracking:
    """Application Auto Scaling's user guide, "Target tracking scaling policies": several policies of one service."""

    policies: tuple[Policy, ...]
    cpus: float  # of one task
    scales_out: bool = True
    scales_in: bool = True
    period: float = 60.0
    depth: int = _IN_POINTS

    def wish(self, now: Now) -> int:
        """The most that a policy asks for: out as soon as one asks for it, in only where every one does."""
        asked = [self._asked(policy, now) for policy in self.policies]
        more = [count for count in asked if count is not None and count > now.replicas]
        if more and self.scales_out:
            return max(more)
        fewer = [count for count in asked if count is not None]
        all_low = fewer and len(fewer) == len(asked) and not more
        return max(fewer) if all_low and self.scales_in else now.replicas

    def decide(self, now: Now) -> int:
        return now.wished[-1]

    def _asked(self, policy: Policy, now: Now) -> int | None:
        """More, fewer, or as many as there are; None where the alarms say nothing."""
        points = [policy.value(window, self.cpus) for window in now.windows]
        known = [point for point in points if point is not None]
        recent = points[-_OUT_POINTS:]
        if len(recent) == _OUT_POINTS and all(p is not None and p > policy.target for p in recent):
            wanted = _round_up(now.replicas * known[-1] / policy.target)
            return wanted if now.since_out >= policy.out_cooldown else now.replicas
        low = policy.target * _LOW_SHARE
        if len(points) < _IN_POINTS or len(known) < len(points) or any(p >= low for p in known):
            return None
        wanted = max(_round_up(now.replicas * max(known) / policy.target), 1)
        return wanted if policy.scales_in and now.since_in >= policy.in_cooldown else None


# -- Azure -----------------------------------------------------------------------------------------------------------

_TOLERANCE = 0.1  # kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale, "Algorithm details"
_LEAST_STEP = 4


@dataclass(frozen=True)
class Keda:
    """learn.microsoft.com/azure/container-apps/scale-app, "Scale behavior": looks every polling interval, adds at most
    four or as many as there are, takes away what was not asked for during the cool-down period. 0: no such rule.

    Requests are averaged over the polling interval; there it is fifteen seconds.
    """

    requests_per_second: float
    cpu_percent: float
    cpus: float
    period: float = 30.0
    cooldown: float = 300.0

    @property
    def depth(self) -> int:
        return max(_round_up(self.cooldown / self.period), 1)

    def wish(self, now: Now) -> int:
        window, asked = now.windows[-1], [0]
        if self.requests_per_second:
            asked.append(_round_up(window.rps / self.requests_per_second))
        if self.cpu_percent and window.replicas:
            ratio = 100 * window.cpus / (self.cpus * window.replicas) / self.cpu_percent
            asked.append(window.replicas if abs(ratio - 1) <= _TOLERANCE else _round_up(window.replicas * ratio))
        return max(asked)

    def decide(self, now: Now) -> int:
        wanted, most = now.wished[-1], now.replicas + max(_LEAST_STEP, now.replicas)
        if wanted > now.replicas:
            return min(wanted, most)
        return min(max(now.wished[-self.depth :]), now.replicas) if len(now.wished) >= self.depth else now.replicas


# -- Google Cloud ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Instances:
    """cloud.google.com/run/docs/about-instance-autoscaling: averages of a minute against a share of what one instance
    takes; beyond what all take at once, another is started without waiting. Idle ones stay up to fifteen minutes.

    How often Cloud Run looks is not documented: every ten seconds is assumed. 0: that driver is off.
    """

    concurrency: int
    cpus: float
    concurrency_share: float = 0.6
    cpu_share: float = 0.6
    period: float = 10.0
    idle: float = 900.0
    minute: int = field(default=6, repr=False)

    @property
    def depth(self) -> int:
        return _round_up(self.idle / self.period)

    def wish(self, now: Now) -> int:
        recent, asked = now.windows[-self.minute :], [_round_up(now.in_flight / self.concurrency)]
        if self.concurrency_share:
            asked.append(
                _needed(sum(w.in_flight for w in recent) / len(recent), self.concurrency_share * self.concurrency)
            )
        if self.cpu_share:
            asked.append(_needed(sum(w.cpus for w in recent) / len(recent), self.cpu_share * self.cpus))
        return max(asked)

    def decide(self, now: Now) -> int:
        wanted = now.wished[-1]
        if wanted >= now.replicas:
            return wanted
        return min(max(now.wished[-self.depth :]), now.replicas) if len(now.wished) >= self.depth else now.replicas


def _needed(load: float, each: float) -> int:
    return _round_up(load / each)


def _round_up(number: float) -> int:
    """Up, but for what sums of fractions leave behind the sixth digit."""
    return math.ceil(round(number, 6))


# -- looking ---------------------------------------------------------------------------------------------------------


class Scaler:
    """Follows one workload's meter and asks its rule when it is time. A sandbox that starts begins without windows."""

    def __init__(self) -> None:
        self._windows: deque[Window] = deque(maxlen=_IN_POINTS * 60)
        self._wished: deque[int] = deque(maxlen=_IN_POINTS * 60)
        self._looked: tuple[float, Meter] | None = None
        self._changed = {"out": -math.inf, "in": -math.inf}

    def look(self, rule: Rule, meter: Meter, now: float, replicas: int, in_flight: int) -> int:
        """How many replicas from now on: as many as there are until the rule's next look."""
        if self._looked is None:
            self._looked = now, _copy(meter)
        since, before = self._looked
        if now - since < rule.period:
            return replicas
        self._looked = now, _copy(meter)
        self._windows.append(_between(before, meter, now - since, replicas))
        wish = rule.wish(self._describe(rule, now, replicas, in_flight))
        self._wished.append(wish)
        return rule.decide(self._describe(rule, now, replicas, in_flight))

    def note(self, before: int, after: int, now: float) -> None:
        """The number of replicas was changed, so that cool-downs begin."""
        if after != before:
            self._changed["out" if after > before else "in"] = now

    def _describe(self, rule: Rule, now: float, replicas: int, in_flight: int) -> Now:
        windows = list(self._windows)[-rule.depth :]
        out, in_ = now - self._changed["out"], now - self._changed["in"]
        return Now(windows, replicas, in_flight, out, in_, list(self._wished))


def _copy(meter: Meter) -> Meter:
    return Meter(meter.requests, meter.request_seconds, meter.cpu_seconds)


def _between(before: Meter, after: Meter, seconds: float, replicas: int) -> Window:
    return Window(
        seconds,
        after.requests - before.requests,
        (after.request_seconds - before.request_seconds) / seconds,
        (after.cpu_seconds - before.cpu_seconds) / seconds,
        max(replicas, 1),
    )
