"""When a call goes to another site, and when it must not: circuits, a retry budget, pauses. Pure but for its locks.

A retry at a site that has answered its latest calls is free: when one site is lost, however many calls are under way
there, each may go to another. At a site that has failed of late a retry is paid out of a budget, which calls fill at a
tenth of their number: sites that are overloaded get about a tenth more than was asked of them, never a multiple
(tests/failover/client/test_storm.py simulates it). A site that fails is left out by its circuit, so that the calls
after the first few need no retry at all.
"""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Policy:
    """How a call is made; all times in seconds of real time."""

    deadline_seconds: float = 5.0
    """For a whole call: connecting, every attempt, every pause."""
    attempt_seconds: float = 1.5
    """After which a site that has not answered is given up, while another attempt is possible."""
    most_attempts: int = 3
    hedge_after_seconds: float | None = None
    """Ask a second site when the first has not answered for so long, and take what comes first; None never does.
    Set it near the 99th percentile of your calls: then about one call in a hundred is sent twice."""
    retry_share: float = 0.1
    """What each call adds to the budget of retries and hedges at sites that have failed of late."""
    retry_reserve: float = 10.0
    """The most that the budget holds, and what it begins with."""
    pause_seconds: float = 0.02
    """The longest pause before the first retry, doubled for each further one; each is drawn from zero to that."""
    circuit_failures: int = 3
    """So many failures among the latest `circuit_window` answers of a site open its circuit."""
    circuit_window: int = 10
    open_seconds: float = 1.0
    """How long a circuit stays open at first; doubled each time that the site fails again, up to the next."""
    longest_open_seconds: float = 30.0
    dns_seconds: float = 0.25
    """How long a call waits for DNS where it knows addresses that may be out of date."""

    def __post_init__(self) -> None:
        positive = ("deadline_seconds", "attempt_seconds", "most_attempts", "circuit_failures", "open_seconds")
        wrong = [name for name in positive if not getattr(self, name) > 0]
        wrong += [name for name in ("retry_share", "retry_reserve", "pause_seconds") if getattr(self, name) < 0]
        if self.hedge_after_seconds is not None and not self.hedge_after_seconds > 0:
            wrong.append("hedge_after_seconds")
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: must be above zero (a retry setting may be zero)")


class RetryBudget:
    """How many retries and hedges the calls of late have earned. Thread-safe."""

    def __init__(self, policy: Policy) -> None:
        self._share = policy.retry_share
        self._most = policy.retry_reserve
        self._left = policy.retry_reserve
        self._lock = threading.Lock()

    def earn(self) -> None:
        """A call begins."""
        with self._lock:
            self._left = min(self._most, self._left + self._share)

    def spend(self) -> bool:
        """Whether one more attempt may be sent; it is counted if so."""
        with self._lock:
            if self._left < 1.0:
                return False
            self._left -= 1.0
            return True

    @property
    def left(self) -> float:
        """How many attempts may be sent now."""
        return self._left


class Circuit:
    """Whether a site is worth asking. Closed: yes. Open: not before a time. Then one attempt at a time is let through.

    Thread-safe. `begin` every attempt that `allows` let through, and end it with `end`.
    """

    def __init__(self, policy: Policy, now: Callable[[], float], chance: random.Random) -> None:
        self._policy = policy
        self._now = now
        self._chance = chance
        self._lock = threading.Lock()
        self._latest: deque[bool] = deque(maxlen=policy.circuit_window)
        self._open_until: float | None = None
        self._trial_until = 0.0
        self._times_opened = 0

    @property
    def clean(self) -> bool:
        """Whether none of the site's latest answers was a failure."""
        with self._lock:
            return self._open_until is None and all(self._latest)

    def allows(self) -> bool:
        """Whether an attempt may be sent to the site now."""
        with self._lock:
            return self._open_until is None or self._now() >= max(self._open_until, self._trial_until)

    def begin(self) -> None:
        """An attempt is sent: while the circuit is open no other one is, until it ends or its time is over."""
        with self._lock:
            if self._open_until is not None:
                self._trial_until = self._now() + self._policy.deadline_seconds

    def end(self, answered: bool | None) -> None:
        """How an attempt ended; None for one that was called off, which says nothing about the site."""
        with self._lock:
            self._trial_until = 0.0
            if answered is not None:
                self._judge(answered)

    def _judge(self, answered: bool) -> None:
        if self._open_until is not None:
            if self._now() < self._open_until:
                return  # an attempt from before the circuit opened
            if not answered:
                self._open()
                return
            self._open_until = None
            self._latest.clear()
        self._latest.append(answered)
        if self._latest.count(False) >= self._policy.circuit_failures:
            self._open()
        elif len(self._latest) == self._latest.maxlen and all(self._latest):
            self._times_opened = 0

    def _open(self) -> None:
        longest = min(self._policy.longest_open_seconds, self._policy.open_seconds * 2.0**self._times_opened)
        self._times_opened += 1
        # Never less than half: many clients that saw the same failure must not come back at the same moment.
        self._open_until = self._now() + longest * (0.5 + self._chance.random() / 2)
