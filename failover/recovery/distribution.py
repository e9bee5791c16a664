"""Recovery times drawn at random, many times, from the facts of `failover.routing.predict`, and their quantiles. Pure.

    recovery = predict_recovery(Scenario(Check(10, 3), ttl_seconds=30), seed=1)
    recovery.kinds["ttl"].p50, recovery.kinds["ttl"].p95

One draw is one loss: a phase for each health checker, an age for each cached answer, chance for each answer that DNS
gives before it has moved. All seconds are simulated seconds. The switch, of which Route 53 documents a worst case of
60 s and nothing else, is drawn from what is assumed of it (`Switch`) and told apart: no quantile holds a bound that
nobody has measured.
"""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from failover.recovery.kinds import KINDS, ClientKind
from failover.routing.predict import CHANGE_SECONDS, STATUS_TO_ANSWER_SECONDS, Check, Fault, time_to_fail

DRAWS, DRILL_DRAWS = 4000, 1000
CONNECT_SECONDS = 0.1  # real time: a connection and an answer over the internet
NEVER = math.inf


class Delay(Protocol):
    """A part of the time until DNS has moved: hashable, and drawn once for each loss."""

    def draw(self, chance: random.Random) -> float: ...


@dataclass(frozen=True)
class Fixed:
    """A time that is known."""

    seconds: float

    def draw(self, chance: random.Random) -> float:
        """The time."""
        return self.seconds


@dataclass(frozen=True)
class Switch:
    """From a check's status, or a changed setting, to every name server: exponential up to its documented end."""

    mean_seconds: float
    documented_seconds: float

    def draw(self, chance: random.Random) -> float:
        """One time."""
        return min(self.documented_seconds, chance.expovariate(1 / self.mean_seconds)) if self.mean_seconds else 0.0


@dataclass(frozen=True)
class Between:
    """A term of which best, mean and worst are known: triangular, with the mode that gives this mean or is nearest."""

    best_seconds: float
    mean_seconds: float
    worst_seconds: float

    def draw(self, chance: random.Random) -> float:
        """One time."""
        mode = 3 * self.mean_seconds - self.best_seconds - self.worst_seconds
        mode = min(self.worst_seconds, max(self.best_seconds, mode))
        return chance.triangular(self.best_seconds, self.worst_seconds, mode)


@dataclass(frozen=True)
class OneAfterTheOther:
    """Several parts."""

    parts: tuple[Delay, ...]

    def draw(self, chance: random.Random) -> float:
        """One time of each, summed up."""
        return sum(part.draw(chance) for part in self.parts)


@dataclass(frozen=True)
class Detection:
    """Until so many checkers have failed in a row that a site counts as unhealthy."""

    check: Check
    fault: Fault
    speed: int = 1

    def draw(self, chance: random.Random) -> float:
        """One time: each checker begins its next check at a moment of its own."""
        failing = time_to_fail(self.fault, self.speed)
        row = (self.check.failure_threshold - 1) * (self.check.interval_seconds + failing)
        cycle = self.check.interval_seconds + self.check.response_seconds
        turned = sorted(chance.random() * cycle + failing + row for _ in range(self.check.checkers))
        return turned[self.check.must_fail - 1]


def assume_switch(level: int, *, simulated: bool) -> Switch:
    """What is assumed: the simulated Route 53 switches at once; of the real one the means are those of `predict`."""
    documented = CHANGE_SECONDS if level == 1 else STATUS_TO_ANSWER_SECONDS
    mean = CHANGE_SECONDS / 12 if level == 1 else STATUS_TO_ANSWER_SECONDS / 10
    return Switch(0.0 if simulated else mean, documented)


@dataclass(frozen=True)
class Scenario:
    """A loss: the check that has to notice it, the TTL, how the site fails, and what its clients are like.

    `share` is the probability with which DNS names the site before it has moved; at `level` 1 the check is switched, so
    that nothing is to be detected and no connection breaks. `connection_seconds` is the greatest age that the server
    gives a connection; None lets it live for ever.
    """

    check: Check
    ttl_seconds: float
    level: int = 2
    fault: Fault = "refused"
    share: float = 0.5
    switch: Delay = field(default_factory=lambda: assume_switch(2, simulated=False))
    period_seconds: float = 0.1
    attempt_seconds: float = 1.5
    connection_seconds: float | None = None
    speed: int = 1


@dataclass(frozen=True)
class Spread:
    """Quantiles of a recovery time; `inf` where so many clients never leave by themselves."""

    p5: float
    p50: float
    p95: float
    p99: float

    @property
    def band(self) -> tuple[float, float]:
        """Where nine of ten fall."""
        return self.p5, self.p95


@dataclass(frozen=True)
class Recovery:
    """What was drawn: until DNS has moved, and until each kind of client has its first right answer."""

    scenario: Scenario
    moved: Spread
    kinds: Mapping[str, Spread]


@functools.lru_cache(maxsize=32)  # a drill's plan is made anew for each question about it
def predict_recovery(
    scenario: Scenario, *, seed: int = 0, draws: int = DRAWS, kinds: tuple[ClientKind, ...] = KINDS
) -> Recovery:
    """The same for the same arguments, everywhere."""
    chance = random.Random(seed)
    moved = [draw_moved(scenario, chance) for _ in range(draws)]
    drawn = {kind.name: [draw_client(scenario, kind, at, chance) for at in moved] for kind in kinds}
    spreads = {name: summarise(times) for name, times in drawn.items()}
    return Recovery(scenario, summarise(moved), MappingProxyType(spreads))


def summarise(times: Sequence[float]) -> Spread:
    """Their nearest-rank quantiles."""
    ordered = sorted(times)
    return Spread(*(ordered[max(0, math.ceil(q * len(ordered)) - 1)] for q in (0.05, 0.5, 0.95, 0.99)))


def draw_moved(scenario: Scenario, chance: random.Random) -> float:
    """From the loss until no name server names the site."""
    detection = Detection(scenario.check, scenario.fault, scenario.speed)
    noticed = detection.draw(chance) if scenario.level > 1 else 0.0
    return noticed + scenario.switch.draw(chance)


def draw_client(scenario: Scenario, kind: ClientKind, moved: float, chance: random.Random) -> float:
    """Until one client of this kind, which was at the lost site, has its first right answer from another one."""
    answered = chance.random() * scenario.period_seconds + CONNECT_SECONDS * scenario.speed
    if kind.tries_others and scenario.level > 1:
        return answered + (0.0 if scenario.fault == "refused" else scenario.attempt_seconds)
    asks = _first_question(scenario, kind, chance)
    return leave(asks, scenario, kind, moved, chance) + answered if asks < NEVER else NEVER


def _first_question(scenario: Scenario, kind: ClientKind, chance: random.Random) -> float:
    """When the client first asks for the name: its connection has to end before, and its own cache to run out."""
    cached = chance.random() * kind.own_cache_seconds
    if not kind.keeps_connections or scenario.level > 1 or kind.tries_others:
        return cached
    if scenario.connection_seconds is None:
        return NEVER
    return max(cached, chance.random() * scenario.connection_seconds)


def leave(asks: float, scenario: Scenario, kind: ClientKind, moved: float, chance: random.Random) -> float:
    """When a client that first asks at `asks` is told of another site: answers that named the lost one have to run out.

    Until DNS has moved each new answer may name it again, with the site's share.
    """
    keeps = max(scenario.ttl_seconds, kind.floor_seconds)
    runs_out = chance.random() * keeps
    while True:
        if asks >= runs_out:
            if asks >= moved or chance.random() >= scenario.share:
                return asks
            runs_out = asks + keeps
        asks = max(runs_out, asks + kind.own_cache_seconds) if kind.own_cache_seconds else runs_out


@dataclass(frozen=True)
class Watchers:
    """The clients of a drill: primed one after the other with answers of all ages, the last one's fresh.

    `requests` are lengths of requests from before the change, in simulated seconds: they are drawn from. `head_start`
    is how long before the change the last client was primed at the earliest.
    """

    clients: int
    period_seconds: float
    requests: tuple[float, ...]
    head_start: float = 0.0


@functools.lru_cache(maxsize=64)
def predict_drill(
    moved: tuple[Delay, ...], ttl_seconds: float, share: float, watchers: Watchers, *, draws: int = DRILL_DRAWS
) -> Spread:
    """From the change until the last of the drill's clients has a right answer from elsewhere: what a drill measures.

    `moved` are the parts of the time until no name server names the site, of which `share` of the answers are.
    """
    chance = random.Random(0)
    return summarise([_draw_drill(moved, ttl_seconds, share, watchers, chance) for _ in range(draws)])


def _draw_drill(
    moved: Sequence[Delay], ttl_seconds: float, share: float, watchers: Watchers, chance: random.Random
) -> float:
    until = sum(part.draw(chance) for part in moved)
    ages = [ttl_seconds * (n + 1) / watchers.clients for n in range(watchers.clients)]
    return max(
        _draw_watcher(until, left, ttl_seconds, share, watchers, chance.random) + chance.choice(watchers.requests)
        for left in ages
    )


def _draw_watcher(
    moved: float, left: float, ttl_seconds: float, share: float, watchers: Watchers, draw: Callable[[], float]
) -> float:
    """When a client begins the request with which it has left for good; `left` of its answer's TTL is left at first.

    It looks on a beat of its own, and asks DNS in the first look after its answer has run out. Until DNS has moved it
    may be told the lost site again, also after another one.
    """
    asks = max(0.0, left - draw() * watchers.head_start) + draw() * watchers.period_seconds
    gone: float | None = None
    while asks < moved:
        if draw() < share:
            gone = None
        elif gone is None:
            gone = asks
        asks += ttl_seconds + draw() * watchers.period_seconds
    return asks if gone is None else gone
