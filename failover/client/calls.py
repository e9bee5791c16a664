"""One call's way through the sites: which is asked next, for how long, and when it is given up. No input or output.

`Endpoint` and `AsyncEndpoint` send what `Call.next` names and tell it how that ended; everything that decides is here.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from failover.client.errors import Failed, Try
from failover.client.policy import Circuit, Policy, RetryBudget
from failover.client.tracing import SILENT, Trace


@dataclass(frozen=True)
class Site:
    """Where a call can be sent: `name` is the site's own name in DNS, `host` what certificate and Host header say."""

    name: str
    host: str
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Attempt:
    """What to send now: to which address, within how many seconds, after which pause."""

    site: Site
    address: str
    seconds: float
    pause_seconds: float
    began: float


class Balancer:
    """What all calls of an endpoint share: a circuit for each site, and the budget of retries. Thread-safe."""

    def __init__(self, policy: Policy, now: Callable[[], float], chance: random.Random) -> None:
        self.policy = policy
        self.now = now
        self.chance = chance
        self.budget = RetryBudget(policy)
        self._circuits: dict[str, Circuit] = {}
        self._lock = threading.Lock()

    def circuit(self, site: str) -> Circuit:
        """The circuit of a site."""
        found = self._circuits.get(site)
        if found is None:
            with self._lock:
                found = self._circuits.setdefault(site, Circuit(self.policy, self.now, self.chance))
        return found


@dataclass
class Call:
    """One call. `sites` gives what is known now, best first: DNS may learn more between two attempts."""

    balancer: Balancer
    sites: Callable[[], Sequence[Site]]
    idempotent: bool
    deadline: float
    tries: list[Try] = field(default_factory=list)
    trace: Trace = SILENT
    began: float = field(init=False)
    _asked: list[str] = field(default_factory=list)
    _only_one: bool = False

    def __post_init__(self) -> None:
        self.began = self.balancer.now()
        self.balancer.budget.earn()

    def remaining(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - self.balancer.now()

    def next(self) -> Attempt | None:
        """What to send now; None where the call has to end."""
        site = self._choose()
        if site is None or self.remaining() <= 0:
            return None
        if self._asked and not self._is_free(site) and not self.balancer.budget.spend():
            return None
        return self._begin(site)

    def _begin(self, site: Site) -> Attempt:
        policy, asked = self.balancer.policy, len(self._asked)
        pause = self.balancer.chance.random() * policy.pause_seconds * 2 ** (asked - 1) if asked else 0.0
        pause = min(pause, self.remaining() / 2)
        address = site.addresses[self._asked.count(site.name) % len(site.addresses)]
        self._asked.append(site.name)
        self.balancer.circuit(site.name).begin()
        longest = self.remaining() - pause
        return Attempt(
            site,
            address,
            min(policy.attempt_seconds, longest) if self._may_go_on() else longest,
            pause,
            self.balancer.now() + pause,
        )

    def failed(self, attempt: Attempt, failure: Failed) -> None:
        """An attempt failed."""
        self._end(attempt, failure.why, answered=False)
        if failure.sent and not self.idempotent:
            self._only_one = True

    def answered(self, attempt: Attempt) -> None:
        """An attempt was answered, whatever the answer says."""
        self._end(attempt, "", answered=True)

    def called_off(self, attempt: Attempt) -> None:
        """An attempt was given up, because another one was quicker or the caller went away."""
        self.balancer.circuit(attempt.site.name).end(None)

    def _end(self, attempt: Attempt, why: str, *, answered: bool) -> None:
        seconds = self.balancer.now() - attempt.began
        self.tries.append(Try(attempt.site.name, attempt.address, seconds, why))
        self.balancer.circuit(attempt.site.name).end(answered)

    def _choose(self) -> Site | None:
        """The best site that was not asked yet and whose circuit lets one through; then those asked before.

        Where every circuit is open the best site is asked all the same, once: somebody has to find out.
        """
        if self._only_one or len(self._asked) >= self.balancer.policy.most_attempts:
            return None
        sites = self.sites()
        allowed = [site for site in sites if self.balancer.circuit(site.name).allows()]
        if not allowed and not self._asked and sites:
            self._only_one = True
            return sites[0]
        return min(allowed, key=lambda site: self._asked.count(site.name), default=None)

    def _may_go_on(self) -> bool:
        """Whether a further attempt would be possible, so that this one need not wait until the deadline."""
        if self._only_one or len(self._asked) >= self.balancer.policy.most_attempts:
            return False
        return self.balancer.budget.left >= 1.0 or any(map(self._is_free, self.sites()))

    def _is_free(self, site: Site) -> bool:
        """Whether a retry at a site needs no budget: it was not asked for this call, and has not failed of late."""
        return site.name not in self._asked and self.balancer.circuit(site.name).clean
