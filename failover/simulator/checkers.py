"""The health checkers: several per check, uncoordinated, all in one event loop, driven by one clock."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from failover.simulator.check_rules import is_loopback
from failover.simulator.clock import ScaledClock
from failover.simulator.health import Config, Opinion, alarm_of, alarm_says, is_healthy, regions_of
from failover.simulator.probe import Limits, Outcome, probe

_log = logging.getLogger(__name__)

CONNECT_SECONDS, TCP_CONNECT_SECONDS, STATUS_SECONDS, BODY_SECONDS = 4.0, 10.0, 2.0, 2.0
WALL_FLOORS = Limits(connect=0.5, status=1.0, body=1.0)
"""No socket time-out is shorter than this in real time: a busy laptop needs it, however fast the clock runs."""

ENDPOINT_KEYS = ("Type", "IPAddress", "FullyQualifiedDomainName", "Port", "ResourcePath", "SearchString", "EnableSNI")
LAG_WINDOW = 100  # samples of the loop's own lag that are kept: 10 real seconds
LAG_EVERY_SECONDS = 0.1

Alarms = Mapping[tuple[str, str], str]
"""(region, name) of a CloudWatch alarm -> OK, ALARM or INSUFFICIENT_DATA."""


@dataclass(frozen=True)
class Observation:
    """The latest check of one checker, and what it thinks of the endpoint by now."""

    region: str
    healthy: bool
    report: str
    checked_at: datetime


@dataclass(frozen=True)
class HealthStatus:
    """A health check at this moment: `healthy` is what routing uses, `share` the part of its checkers that agree."""

    health_check_id: str
    healthy: bool
    share: float
    disabled: bool
    inverted: bool
    observations: tuple[Observation, ...]


@dataclass(frozen=True)
class Transition:
    """A health check changed its status at `at` (simulated seconds of the clock)."""

    at: float
    health_check_id: str
    healthy: bool


@dataclass(eq=False)
class _Checker:
    """One check seen from one region."""

    check_id: str
    region: str
    due: float  # Simulated seconds
    opinion: Opinion = field(default_factory=Opinion)
    latest: Observation | None = None
    latest_failure: Observation | None = None
    timer: asyncio.TimerHandle | None = None
    task: asyncio.Task[None] | None = None


class HealthCheckers:
    """Runs the checkers of every endpoint check on one loop; reading status is safe from any thread.

    Args:
        resolve: IPv4 addresses of a name, asked before each check that has no `IPAddress`.
        port_offset: added to every port that is dialled.
        chance: decides phases, which are random because Route 53's checkers do not coordinate.
    """

    def __init__(
        self,
        clock: ScaledClock,
        *,
        resolve: Callable[[str], Sequence[str]],
        port_offset: int = 0,
        chance: random.Random | None = None,
    ) -> None:
        self._clock = clock
        self._resolve = resolve
        self._port_offset = port_offset
        self._chance = chance or random.Random()
        self._configs: dict[str, Config] = {}
        self._checkers: dict[str, list[_Checker]] = {}
        self._known_health: dict[str, bool] = {}
        self._alarms: Alarms = {}
        self._last_alarms: dict[str, bool] = {}  # check id -> what its alarm said when it last had enough data
        self._lags: deque[float] = deque(maxlen=LAG_WINDOW)
        self._lag_timer: asyncio.TimerHandle | None = None
        self.transitions: deque[Transition] = deque(maxlen=10_000)
        self.blind_regions: frozenset[str] = frozenset()

    # -- called on the loop ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to measure the loop's lag."""
        self._watch_lag(_loop().time())

    def stop(self) -> None:
        """End every check under way."""
        self.apply({})
        if self._lag_timer:
            self._lag_timer.cancel()

    def apply(self, configs: Mapping[str, Config], alarms: Alarms | None = None) -> None:
        """Follow a new set of health checks; checkers whose endpoint stays the same keep what they think."""
        previous, self._configs = self._configs, dict(configs)
        self._hear(alarms or {})
        for check_id in previous.keys() | configs.keys():
            self._fit(check_id, previous.get(check_id), configs.get(check_id))
        self._note_transitions()

    def reschedule(self) -> None:
        """Set every timer anew, after the clock's speed changed."""
        for checker in self._all():
            if checker.timer:
                self._arm(checker)

    # -- called from anywhere ----------------------------------------------------------------------------------------

    def healthy(self, check_id: str) -> bool:
        """What routing asks."""
        return is_healthy(check_id, self._configs, self._share)

    def status(self, check_id: str) -> HealthStatus | None:
        """A health check with what its checkers saw; None for an unknown one."""
        config = self._configs.get(check_id)
        if config is None:
            return None
        return HealthStatus(
            health_check_id=check_id,
            healthy=self.healthy(check_id),
            share=self._share(check_id),
            disabled=bool(config.get("Disabled")),
            inverted=bool(config.get("Inverted")),
            observations=tuple(c.latest for c in list(self._checkers.get(check_id, ())) if c.latest),
        )

    def last_failures(self, check_id: str) -> tuple[Observation, ...]:
        """The most recent failed check of each checker that ever failed."""
        return tuple(c.latest_failure for c in list(self._checkers.get(check_id, ())) if c.latest_failure)

    def lag_seconds(self) -> float:
        """The largest delay, in real seconds, with which the loop came to a timer of late."""
        return max(self._lags, default=0.0)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _fit(self, check_id: str, before: Config | None, now: Config | None) -> None:
        wanted = regions_of(now) if now else ()
        same = before is not None and now is not None and all(before.get(k) == now.get(k) for k in ENDPOINT_KEYS)
        kept = {c.region: c for c in self._checkers.get(check_id, ()) if same and c.region in wanted}
        for checker in self._checkers.get(check_id, ()):
            if checker.region not in kept:
                _halt(checker)
        if not wanted or now is None:
            self._checkers.pop(check_id, None)
            return
        self._checkers[check_id] = [kept.get(region) or self._new_checker(check_id, region, now) for region in wanted]

    def _new_checker(self, check_id: str, region: str, config: Config) -> _Checker:
        phase = self._chance.random() * float(config["RequestInterval"])
        checker = _Checker(check_id, region, due=self._clock.simulated_now() + phase)
        self._arm(checker)
        return checker

    def _arm(self, checker: _Checker) -> None:
        if checker.timer:
            checker.timer.cancel()
        wall = self._clock.to_wall(max(0.0, checker.due - self._clock.simulated_now()))
        checker.timer = _loop().call_later(wall, self._fire, checker)

    def _fire(self, checker: _Checker) -> None:
        checker.timer = None
        checker.task = _loop().create_task(self._check_once(checker))

    async def _check_once(self, checker: _Checker) -> None:
        config = self._configs[checker.check_id]
        try:
            outcome = await self._observe(checker, config)
        except Exception as error:  # a checker that dies would leave the status as it is for ever
            _log.exception("a health check of %s failed in the checker itself", checker.check_id)
            outcome = Outcome(False, f"Failure: {type(error).__name__}: {error}")
        # RequestInterval counts from the response to the next request (API reference), so slow answers come seldom.
        checker.due = self._clock.simulated_now() + float(config["RequestInterval"])
        checker.task = None
        self._arm(checker)
        self._take_in(checker, self._configs.get(checker.check_id, config), outcome)

    def _take_in(self, checker: _Checker, config: Config, outcome: Outcome) -> None:
        checker.opinion = checker.opinion.after(outcome.success, int(config.get("FailureThreshold") or 3))
        checker.latest = Observation(checker.region, checker.opinion.healthy, outcome.report, datetime.now(UTC))
        if not outcome.success:
            checker.latest_failure = checker.latest
        self._note_transitions()

    async def _observe(self, checker: _Checker, config: Config) -> Outcome:
        limits = self._limits(config)
        if checker.region in self.blind_regions:
            await asyncio.sleep(limits.connect)
            return Outcome(False, "Failure: Connection timed out")
        name = config.get("FullyQualifiedDomainName") or ""
        address = config.get("IPAddress") or next(iter(self._resolve(name)), None)
        if address is None:
            return Outcome(False, f"Failure: DNS resolution failed: {name} has no address")
        if not is_loopback(address):
            told = f"Failure: {address} is not on this machine, and the simulated checkers go nowhere else"
            return Outcome(False, told)
        return await probe(config, address, self._port_offset, limits)

    def _limits(self, config: Config) -> Limits:
        connect = TCP_CONNECT_SECONDS if config["Type"] == "TCP" else CONNECT_SECONDS
        return Limits(
            connect=max(WALL_FLOORS.connect, self._clock.to_wall(connect)),
            status=max(WALL_FLOORS.status, self._clock.to_wall(STATUS_SECONDS)),
            body=max(WALL_FLOORS.body, self._clock.to_wall(BODY_SECONDS)),
        )

    def _hear(self, alarms: Alarms) -> None:
        """Take over what the alarms say now; a disabled check does not listen."""
        self._alarms = alarms
        self._last_alarms = {key: said for key, said in self._last_alarms.items() if key in self._configs}
        for check_id, config in self._configs.items():
            state = alarms.get(alarm_of(config) or ("", ""))
            if state in ("OK", "ALARM") and not config.get("Disabled"):
                self._last_alarms[check_id] = state == "OK"

    def _share(self, check_id: str) -> float:
        alarm = alarm_of(self._configs.get(check_id) or {"Type": ""})
        if alarm is not None:  # CloudWatch alone looks
            known = self._last_alarms.get(check_id, True)
            return float(alarm_says(self._configs[check_id], self._alarms.get(alarm), known))
        checkers = self._checkers.get(check_id, ())
        return sum(checker.opinion.healthy for checker in checkers) / len(checkers) if checkers else 1.0

    def _note_transitions(self) -> None:
        health = {check_id: self.healthy(check_id) for check_id in self._configs}
        for check_id, healthy in health.items():
            if self._known_health.get(check_id, healthy) != healthy:
                self.transitions.append(Transition(self._clock.simulated_now(), check_id, healthy))
        self._known_health = health

    def _watch_lag(self, expected: float) -> None:
        loop = _loop()
        self._lags.append(max(0.0, loop.time() - expected))
        due = loop.time() + LAG_EVERY_SECONDS
        self._lag_timer = loop.call_at(due, self._watch_lag, due)

    def _all(self) -> list[_Checker]:
        return [checker for checkers in self._checkers.values() for checker in checkers]


def _halt(checker: _Checker) -> None:
    if checker.timer:
        checker.timer.cancel()
    if checker.task:
        checker.task.cancel()


def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()
